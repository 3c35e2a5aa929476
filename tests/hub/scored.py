"""A release with gold, whose scores are the same each time."""

import json

from factory.hub.history import Repo
from factory.pipeline import Release
from factory.release.release import write_release
from tests.release.outputs import RECIPE, gold_rows, make_outputs

LABELS = ["agree", "neutral", "disagree"]
REPOS = [
    Repo("dataset", "local/climate-stance", "dataset"),
    Repo("model", "local/climate-stance-minilm", "model-minilm"),
    Repo("space", "local/climate-stance", "space"),
]


def make_release(folder, release_id, text=RECIPE):
    """Return a recipe and its release."""
    (folder / "made").mkdir()
    outputs = make_outputs(folder / "made", text, gold=gold_rows(LABELS))
    outputs.release_id = release_id
    (folder / "release").mkdir()
    write_release(*outputs, out=folder / "release")
    report = json.loads((folder / "release" / "report.json").read_text())
    return outputs.recipe, Release(folder / "release", release_id, report)
