"""Pull a published model, dataset or Space by name, and hold it against what its release says of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from factory.errors import HubError
from factory.hub.answers import RECORDED, read_recorded
from factory.hub.faults import explained
from factory.hub.fetch import PICKLES, fetch_file
from factory.hub.history import RepoType
from factory.hub.manifest import Manifest, Member, read_manifest
from factory.hub.rerun import Rerun, find_obstacle, has_gold, rerun
from factory.hub.target import Target
from factory.store import hash_files

CODE = ("*.py",)
log = logging.getLogger("factory")
Json = dict[str, Any]


@dataclass(frozen=True)
class Pulled:
    """A folder of the cache whose files are those of a release, how many of its scores were computed again from the
    answers that it ships, and what its files answered when they were asked again."""

    folder: Path
    release: str
    files: int
    scores: int
    reruns: list[Rerun] = field(default_factory=list)

    def as_json(self) -> Json:
        """Return the document of `factory pull --format json`."""
        return {**asdict(self), "folder": str(self.folder)}


def pull(target: Target, name: str, repo_type: RepoType = "model", *, run: bool = True) -> Pulled:
    """Return where the files of NAME or NAME@REVISION are, once they are what the manifest of their release says.

    Without a revision it is the newest release that is complete. A model has only safetensors and ONNX, and no code;
    its accuracy and agreement are computed again from the answers that it ships, and unless `run` is off it is asked
    again about the test rows that its release ships. Raises HubError naming what differs.
    """
    repo_id, _, revision = name.partition("@")
    manifest = find_manifest(target, repo_id, repo_type, revision or None)
    member = manifest.find(repo_type, repo_id)
    if member is None:
        raise HubError(f"{repo_type} {repo_id} is not part of release-{manifest.release}; check the name")
    place = f"{repo_type} {repo_id} on {target.name}"
    with explained(place):
        found = target.api.snapshot_download(repo_id, repo_type=repo_type, revision=member.commit)
    folder = Path(found)
    problems = list(_check_files(folder, member))
    if repo_type == "model":
        problems += _check_safety(folder)
    scores = 0
    if not problems and (folder / "eval" / "report.json").is_file():
        scores = _check_scores(folder, repo_id, problems)
    reruns = list(_run(target, folder, manifest)) if run and repo_type == "model" and not problems else []
    problems += [str(found) for found in reruns if not found.is_same]
    if problems:
        shown = "; ".join(problems[:5])
        raise HubError(f"{place} is not what was released ({shown}); do not use it, and tell whoever published it")
    log.info("%s: %d files are those of release-%s", place, len(member.files), manifest.release)
    return Pulled(folder, manifest.release, len(member.files), scores, reruns)


def find_manifest(target: Target, repo_id: str, repo_type: RepoType, revision: str | None = None) -> Manifest:
    """Return the manifest of the release that a repository belongs to, at a tag, branch or commit of it.

    Raises HubError for one that hf-factory did not publish.
    """
    dataset = repo_id if repo_type == "dataset" else _find_dataset(target, repo_id, repo_type, revision)
    tag = revision
    if revision and not revision.startswith(("v", "release-")):
        tag = f"release-{_read_provenance(target, repo_id, repo_type, revision)['release']}"
    manifest = read_manifest(target, dataset, tag)
    if manifest is None:
        where = f" at {revision}" if revision else ""
        raise HubError(f"{repo_type} {repo_id}{where} on {target.name} has no manifest; hf-factory did not publish it")
    return manifest


def find_entries(report: Json, repo_id: str) -> list[Json]:
    """Return what a report says of the files of a model."""
    return [entry for entry in report["students"] if repo_id.endswith(f"/{report['recipe']}-{entry['name']}")]


def _run(target: Target, folder: Path, manifest: Manifest) -> Iterator[Rerun]:
    """Ask a model again, and tell what it answered or why it was not asked."""
    if obstacle := find_obstacle(folder, manifest):
        log.info("its answers were not computed again: %s", obstacle)
        return
    for found in rerun(target, folder, manifest):
        log.info("%s", found)
        yield found
    if has_gold(folder):
        log.info("gold texts do not ship with a release: its accuracy was computed from the recorded answers")


def _find_dataset(target: Target, repo_id: str, repo_type: RepoType, revision: str | None) -> str:
    """Return the dataset of the release; a Space has its name."""
    if repo_type == "space":
        return repo_id
    provenance = _read_provenance(target, repo_id, repo_type, revision)
    return f"{repo_id.split('/')[0]}/{provenance['recipe']['name']}"


def _read_provenance(target: Target, repo_id: str, repo_type: RepoType, revision: str | None) -> Json:
    path = fetch_file(target, repo_id, "provenance.json", repo_type=repo_type, revision=revision)
    try:
        found: Json = json.loads(path.read_text(encoding="utf-8"))
        return {"release": found["release"], "recipe": {"name": found["recipe"]["name"]}}
    except (ValueError, KeyError, TypeError) as fault:
        raise HubError(
            f"provenance.json of {repo_id} on {target.name} is damaged ({fault}); publish it again"
        ) from fault


def _check_files(folder: Path, member: Member) -> Iterator[str]:
    pulled = {name: digest for name, (digest, _) in hash_files(folder).items()}
    for name, expected in member.files.items():
        if name not in pulled:
            yield f"{name} is missing"
        elif pulled[name] != expected:
            yield f"{name} has other bytes"


def _check_safety(folder: Path) -> Iterator[str]:
    for pattern in (*PICKLES, *CODE):
        for path in sorted(folder.rglob(pattern)):
            yield f"{path.relative_to(folder).as_posix()} could run code"
    config = folder / "config.json"
    if config.is_file() and "auto_map" in json.loads(config.read_text(encoding="utf-8")):
        yield "config.json asks for code of the model's own (auto_map)"


def _check_scores(folder: Path, repo_id: str, problems: list[str]) -> int:
    """Return how many scores of a report are those of the answers beside it; name the others."""
    report = json.loads((folder / "eval" / "report.json").read_text(encoding="utf-8"))
    answers = _read_hits(folder) if (folder / RECORDED).is_file() else {}
    right = 0
    for entry in find_entries(report, repo_id):
        for part, score in (("gold", (entry["gold"] or {}).get("accuracy")), ("test", entry["agreement"])):
            hits = answers.get((entry["format"], part))
            if score is None or not hits:
                continue
            found = sum(hits) / len(hits)
            if abs(found - score["value"]) < 1e-6:
                right += 1
            else:
                said = f"{100 * score['value']:.1f} % in its report, {100 * found:.1f} % by its answers"
                problems.append(f"{entry['format']} on {part} rows: {said}")
    return right


def _read_hits(folder: Path) -> Mapping[tuple[str, str], list[bool]]:
    """Return for each format and set whether each recorded answer is the expected one."""
    found: dict[tuple[str, str], list[bool]] = {}
    for row in read_recorded(folder):
        found.setdefault((row["format"], row["set"]), []).append(row["expected"] == row["predicted"])
    return found
