"""Combine modules by name, and measure what each still does on its own task: how far they disturb each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.errors import HubError
from factory.evaluation.intervals import bootstrap_ratio, bootstrap_share
from factory.evaluation.markdown import columns
from factory.evaluation.scoreboard import percent
from factory.evaluation.scoring import write_json
from factory.modules.arithmetic import Addend
from factory.modules.figures import nats
from factory.modules.loading import FILES, SIDECAR, find_base
from factory.modules.module import Module, read_sidecar
from factory.modules.reading import diverge

if TYPE_CHECKING:
    from torch import Tensor

    from factory.hub.target import Target

HEAD = ["task", "texts", "same label, %", "KL (nats)", "base model: same, %", "KL (nats)"]
MAX_TEXTS = 200  # of each task, on which a composition is measured
TOLD = ("provenance.json", "README.md")
Json = dict[str, Any]


def find_module(target: Target, name: str, weight: float = 1.0) -> Addend:
    """Return the module in a folder, or of NAME or NAME@REVISION on a Hub; raises HubError where there is none."""
    from factory.students.loading import download_files

    if Path(name).is_dir():
        return Addend(Path(name).resolve().name, Path(name), weight, _read_origin(Path(name)))
    repo_id, _, revision = name.partition("@")
    folder = download_files(target, repo_id, revision or None, [*FILES, *TOLD])
    read_sidecar(folder)
    return Addend(repo_id, folder, weight, {"commit": folder.name, **_read_origin(folder)})


def find_texts(target: Target, addend: Addend) -> list[str]:
    """Return the test texts of the release that a module is of, beside it or on the Hub.

    Raises HubError where it is of none.
    """
    from factory.hub.predictions import read_test_texts

    rows = addend.folder.resolve().parent / "dataset"
    if not (rows / "data").is_dir():
        rows = _download_rows(target, addend)
    return [text for text in read_test_texts(rows).values() if isinstance(text, str)][:MAX_TEXTS]


def measure_interference(
    target: Target, together: Path, addends: Sequence[Addend], texts: Sequence[Sequence[str]]
) -> list[Json]:
    """Write into the sidecar of a composition how far each task is from what its module alone does, and return it.

    Raises HubError where the base model is not on the Hub.
    """
    about = read_sidecar(together)
    base = find_base(target, about["base"]["name"], about["base"]["revision"])
    found = measure_composition(together, addends, texts, base)
    write_json(together / SIDECAR, {**about, "interference": found})
    return found


def measure_composition(
    together: Path, addends: Sequence[Addend], texts: Sequence[Sequence[str]], base: Path
) -> list[Json]:
    """Return for each module how often, and how nearly, the composition in `together` answers its task as it does.

    `texts` are some of each module's task; the composition is asked in the words of that module.
    """
    found = []
    for addend, some in zip(addends, texts, strict=True):
        alone = Module.load(addend.folder, base)
        tokens = [alone.wording.read(text) for text in some]
        before = alone.read_labels(tokens)
        after = Module.open(together, alone.wording, base).read_labels(tokens)
        without = Module.bare(alone.wording, base).read_labels(tokens)
        found.append(
            {"name": addend.name, "texts": len(some), **_compare(before, after), "bare": _compare(before, without)}
        )
    return found


def render_composition(found: Sequence[Json]) -> str:
    """Return a table: the same label as the module alone, with the composition and with the base model as it is."""
    return columns(HEAD, list_interference(found))


def list_interference(found: Sequence[Json]) -> list[list[str]]:
    """Return the rows of that table, whose head is HEAD."""
    return [
        [
            one["name"],
            f"{one['texts']:,}",
            percent(one["agreement"]),
            nats(one["kl"]),
            percent(one["bare"]["agreement"]),
            nats(one["bare"]["kl"]),
        ]
        for one in found
    ]


def _read_origin(folder: Path) -> Json:
    """Return licence and datasets that the card of a module names."""
    from huggingface_hub import metadata_load

    card = folder / "README.md"
    metadata = (metadata_load(card) if card.is_file() else None) or {}
    return {name: metadata[name] for name in ("license", "language", "datasets") if name in metadata}


def _download_rows(target: Target, addend: Addend) -> Path:
    """Return the folder of the cache with the test rows of a module's dataset, at the commit of its release."""
    from factory.hub.faults import explained

    file = addend.folder / "provenance.json"
    members = json.loads(file.read_text(encoding="utf-8")).get("repositories", []) if file.is_file() else []
    dataset = next((member for member in members if member["type"] == "dataset"), None)
    if dataset is None:
        raise HubError(f"no texts of the task of {addend.name} are known; give some with --texts, once a module")
    with explained(f"dataset {dataset['id']} on {target.name}"):
        return Path(
            target.api.snapshot_download(
                dataset["id"], repo_type="dataset", revision=dataset["commit"], allow_patterns="data/test-*"
            )
        )


def _compare(before: Tensor, after: Tensor) -> Json:
    wanted, said = before.log_softmax(-1), after.log_softmax(-1)
    kl = diverge(wanted, said)
    same = before.argmax(-1) == after.argmax(-1)
    return {"agreement": bootstrap_share(same.numpy()), "kl": bootstrap_ratio(kl.numpy(), [1.0] * len(kl))}
