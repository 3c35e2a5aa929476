"""Everything that a release tells, read once from the artifacts of the stages before it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.data.audit import read_suspicious
from factory.data.committee import read_votes
from factory.data.examples import Example, read_examples
from factory.data.statistics import describe_examples
from factory.evaluation.agreement import describe_agreement
from factory.evaluation.report import assemble_report, name_teachers
from factory.evaluation.scoring import read_predictions
from factory.licensing.parts import Part, list_parts
from factory.recipe import Recipe
from factory.store import Artifact, hash_file

if TYPE_CHECKING:
    from factory.release.release import Data, Destination, StudentFiles

SPLITS = {
    "train": "train",
    "validation": "validation",
    "held_out": "test",
}  # ours: the name under which it is published
TOLD_OF_EACH = ("rows", "accuracy", "macro_f1", "micro_f1", "matthews_correlation")  # of several teachers
Json = dict[str, Any]


@dataclass(frozen=True)
class Contents:
    """The rows, the report and what else the cards tell of.

    `suspicious` are the labels that the audit doubts, the most doubtful first, `predictions` those of each student's
    safetensors on the held-out rows by the id of the row, `training` the facts of its training, `bases` where its base
    model is from, `configs` what its config.json or module.json says, `parts` what has a licence or terms.
    """

    recipe: Recipe
    report: Json
    splits: dict[str, list[Example]]
    rejected: list[Example]
    suspicious: list[Json]
    gold: list[Example]
    predictions: dict[str, dict[str, Json]]
    training: dict[str, Json]
    bases: dict[str, Json]
    configs: dict[str, Json]
    parts: list[Part]
    namespace: str
    hub: str

    @property
    def dataset_id(self) -> str:
        """The id of the dataset, and of the Space."""
        return f"{self.namespace}/{self.recipe.name}"

    @property
    def tag(self) -> str:
        """The git tag that all repositories of the release carry."""
        return f"release-{self.report['release']}"

    @property
    def is_multi_label(self) -> bool:
        """Whether a row may have any number of labels."""
        return self.recipe.task.kind == "multi-label"

    @property
    def is_pair(self) -> bool:
        """Whether a row is two texts."""
        return self.recipe.task.kind == "pair"

    @property
    def units(self) -> str:
        """What the rows are called."""
        return "pairs" if self.is_pair else "texts"

    @property
    def demo_student(self) -> str | None:
        """The student that the Space shows: the first that a `pipeline` loads, None when there is none."""
        return next((student.name for student in self.recipe.students if self.is_network(student.name)), None)

    def settings(self, student: str) -> Json:
        """Return every setting by which a student was trained, some of which the recipe may have left open."""
        settings: Json = self.training[student]["student"]
        return settings

    def is_network(self, student: str) -> bool:
        """Whether transformers can load a student; the others are read by `factory.load` alone."""
        return self.settings(student)["method"] not in ("linear", "static", "module")

    def is_module(self, student: str) -> bool:
        """Whether a student is a prompt made into an adapter of its base model."""
        return bool(self.settings(student)["method"] == "module")

    def thresholds(self, student: str) -> dict[str, float]:
        """Return the score from which on each label applies; empty where a row has one label."""
        thresholds: dict[str, float] = self.configs[student].get("thresholds", {})
        return thresholds if self.is_multi_label else {}

    def model_id(self, student: str) -> str:
        """Return the id of a student's repository."""
        return f"{self.dataset_id}-{student}"

    def adapter_id(self, student: str) -> str:
        """Return the id of the repository of a student's adapter."""
        return f"{self.model_id(student)}-adapter"

    def merged_id(self, student: str) -> str | None:
        """Return the id of the repository of a module's merged weights, None where they are not published."""
        is_merged = any(it.name == student and f"{student}-merged" in it.repositories for it in self.recipe.students)
        return f"{self.model_id(student)}-merged" if is_merged else None

    def entries(self, student: str) -> list[Json]:
        """Return the report's entries of one student, one for each published file."""
        return [entry for entry in self.report["students"] if entry["name"] == student]


def read_contents(
    recipe: Recipe,
    data: Data,
    students: Sequence[StudentFiles],
    spent: Mapping[str, Any],
    licenses: Mapping[str, Artifact],
    destination: Destination,
    release_id: str,
) -> Contents:
    """Return what the artifacts hold, with the report put together."""
    splits = {name: read_examples(data["splits"].path / f"{name}.jsonl") for name in SPLITS}
    rejected = [*read_examples(data["kept"].path / "rejected.jsonl"), *_read_dropped(data["splits"])]
    gold = read_examples(data["gold"].path / "gold.jsonl") if data["gold"] else []
    entries = [entry for student in students for entry in map(_read_report, student["reports"].values()) if entry]
    report = assemble_report(
        recipe,
        release_id,
        data=describe_examples({SPLITS[name]: rows for name, rows in splits.items()}, rejected) | _read_findings(data),
        gold={"rows": len(gold), "sha256": _hash_gold(data)} if data["gold"] else None,
        teacher_score=_read_report(data["score"]),
        committee=_describe_committee(recipe, data),
        students=[entry for entry in entries if "withheld" not in entry],
        withheld=_list_withheld(entries),
        baselines=_read_report(data["baselines"]),
        spent=dict(spent),
    )
    training = {student["name"]: _read_json(student["trained"].path / "training.json") for student in students}
    return Contents(
        recipe,
        report,
        splits,
        rejected,
        read_suspicious(data["audit"].path) if data["audit"] else [],
        gold,
        predictions={student["name"]: _read_predictions(student, len(gold)) for student in students},
        training=training,
        bases=dict(_read_bases(students, training)),
        configs={student["name"]: _read_config(student["trained"].path / "model") for student in students},
        parts=list_parts(recipe, licenses),
        **destination,
    )


def _read_findings(data: Data) -> Json:
    """Return what stages have found out about the rows, and what rounds of asking again brought, if there were any."""
    return {
        "masked": _read_json(data["kept"].path / "counts.json")["masked"],
        "audit": _read_json(data["audit"].path / "audit.json") if data["audit"] else None,
        **({"improve": _read_json(data["improve"].path / "improve.json")} if "improve" in data else {}),
    }


def _describe_committee(recipe: Recipe, data: Data) -> Json | None:
    votes = [row for labelled in data["labelled"] for row in read_votes(labelled)]
    if not votes:
        return None
    names = name_teachers(recipe)
    scores = zip(names, _read_scores(data["score"]), strict=False)  # without gold there are none
    on_gold = [{"teacher": name, **score} for name, score in scores if score]
    return describe_agreement(names, votes) | ({"gold": on_gold} if on_gold else {})


def _read_scores(score: Artifact | None) -> list[Json | None]:
    """Return the rows and the measures with an interval of each teacher by itself, or nothing where one decided."""
    file = score and score.path / "teachers.json"
    found = _read_json(file) if file and file.is_file() else []
    return [each and {name: value for name, value in each.items() if name in TOLD_OF_EACH} for each in found]


def _read_dropped(splits: Artifact) -> list[Example]:
    """Return the rows that the audit kept from training, where the recipe asks for that."""
    file = splits.path / "dropped.jsonl"
    return read_examples(file) if file.is_file() else []


def _list_withheld(entries: Sequence[Json]) -> list[Json]:
    """Return which files lost too much when they were made light, and why."""
    return [
        {"name": entry["name"], "format": entry["format"], "reason": entry["withheld"]}
        for entry in entries
        if "withheld" in entry
    ]


def _read_bases(students: Sequence[StudentFiles], training: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield students with where their base model is from; what `auto` chose may have none."""
    for student in students:
        if student["base"] and "base_model" in training[student["name"]]["student"]:
            yield student["name"], _read_source(student["base"])


def _read_config(model: Path) -> Json:
    """Return config.json, or module.json of a module."""
    name = "module.json" if (model / "module.json").is_file() else "config.json"
    config: Json = _read_json(model / name)
    return config


def _hash_gold(data: Data) -> str:
    """Return the SHA-256 of the user's own file, which they can repeat; of rows from a Hub, that of what was read."""
    file, gold = data["gold_file"], data["gold"]
    if file and file.path.is_file():
        return hash_file(file.path)
    return hash_file(gold.path / "gold.jsonl") if gold else ""


def _read_report(report: Artifact | None) -> Any:
    return _read_json(report.path / "report.json") if report else None


def _read_predictions(student: StudentFiles, gold_rows: int) -> dict[str, Json]:
    """Return what the safetensors said of the held-out rows."""
    rows = read_predictions(student["reports"]["safetensors"])[gold_rows:]
    return {row["id"]: row for row in rows}


def _read_source(base: Artifact) -> Json:
    """Return where a base model is from, as it was fetched; a folder of the user's has only its digest."""
    source = base.path / "source.json"
    return {**(_read_json(source) if source.is_file() else {}), "digest": base.digest}


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
