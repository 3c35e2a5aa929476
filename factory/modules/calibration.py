"""Whether the scores of a module are right as often as they say, beside those of its base model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from factory.data.examples import read_examples
from factory.evaluation.scoring import write_json
from factory.modules.baking import Ingredients
from factory.modules.module import Module, read_sidecar
from factory.modules.targets import read_gold
from factory.store import Artifact

if TYPE_CHECKING:
    from torch import Tensor

BINS = 15  # of equal width, as is usual


def add_calibration(report: Artifact, trained: Artifact, made_of: Ingredients, gold: Artifact, *, out: Path) -> None:
    """Write the evaluation of a module again, with the expected calibration error on gold under "module" as `ece`.

    That of the module is also told with its temperature, as `scaled`: so are the scores that it gives.
    """
    entry = json.loads((report.path / "report.json").read_text(encoding="utf-8"))
    model, targets = trained.path / "model", made_of["targets"].path
    rows, labels = read_examples(gold.path / "gold.jsonl"), made_of["task"].names
    truth = np.array([labels.index(str(row.label)) for row in rows])
    about, module = read_sidecar(model), Module.load(model, made_of["base"].path)
    read = module.read_labels([module.wording.read(str(row.text)) for row in rows])
    entry["module"]["ece"] = {
        "rows": len(rows),
        "bins": BINS,
        **{name: _measure(said, prior, truth) for name, (said, prior) in read_gold(targets).items()},
        "module": {
            **_measure(read, read.new_tensor(about["bias"]), truth),
            "scaled": _error_of(read / about["temperature"], truth),
        },
    }
    write_json(out / "report.json", entry)
    shutil.copyfile(report.path / "predictions.jsonl", out / "predictions.jsonl")


def measure_calibration_error(scores: ArrayLike, hits: ArrayLike) -> float:
    """Return the mean distance between score and accuracy over bins of scores, weighed by their rows.

    `scores` are those of the likeliest label, `hits` whether it was right (Naeini et al. 2015; Guo et al. 2017).
    """
    said, right = np.asarray(scores, dtype=np.float64), np.asarray(hits, dtype=np.float64)
    places = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(places, weights=right - said, minlength=BINS)
    return float(np.abs(gaps).sum() / len(said))


def _measure(read: Tensor, prior: Tensor, truth: Any) -> dict[str, float]:
    return {"raw": _error_of(read, truth), "calibrated": _error_of(read - prior, truth)}


def _error_of(read: Tensor, truth: Any) -> float:
    scores, guesses = read.softmax(-1).max(-1)
    return round(measure_calibration_error(scores.numpy(), guesses.numpy() == truth), 6)
