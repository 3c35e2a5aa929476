"""A student against SetFit (Tunstall et al. 2022) on the same labelled rows: macro-F1 on gold, CPU-seconds.

    pip install -c constraints.txt setfit
    python -m benchmarks.setfit RECIPE... [--share 0.125]

Ours is `method: auto`, which has to choose by some of these very rows; SetFit has its defaults and learns from all of
them. Not part of `make bench`: it needs a package that the project does not, and the recipes of `benchmarks.tasks`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import show
from benchmarks.tasks import MINILM
from factory.bench import Bench
from factory.comparing.running import Comparing
from factory.data.examples import Example, read_examples
from factory.data.thinning import THINNED, thin_splits
from factory.evaluation.scoring import score_answers
from factory.hub.fetch import Fetcher
from factory.hub.target import Target, factory_home, open_target
from factory.pipeline import gather_rows
from factory.recipe import Recipe
from factory.recipe_students import Auto
from factory.store import Store

OURS = Auto(name="auto", method="auto", base_model=MINILM)


def compare(recipe: Recipe, share: float, target: Target) -> None:
    """Print the score of both on gold, and the CPU-seconds that choosing and training took."""
    store = Store(factory_home() / "store")
    bench = Bench(recipe, store, Fetcher(target))
    rows = gather_rows(bench)
    splits = store(thin_splits, rows.splits, share)
    learned = [row for part in THINNED for row in read_examples(splits.path / f"{part}.jsonl")]
    gold = read_examples(rows.gold.path / "gold.jsonl") if rows.gold else []
    base = bench.find_base(OURS.base_model, OURS.revision).path
    show(
        (f"{recipe.name}, {len(learned)} rows, ours", _train(recipe, share, store, target)),
        (f"{recipe.name}, {len(learned)} rows, SetFit", _train_setfit(recipe, base, learned, gold)),
    )


def _train(recipe: Recipe, share: float, store: Store, target: Target) -> str:
    ours = recipe.model_copy(update={"students": [OURS]})
    runs = list(Comparing(ours, store, target, share).runs("auto"))
    seconds = sum(run.cpu_seconds or 0 for run in runs)
    chosen = next(run for run in runs if run.predicted)
    return _describe(recipe, chosen.truth, chosen.predicted, seconds) + f", {chosen.method}"


def _train_setfit(recipe: Recipe, base: Path, learned: Sequence[Example], gold: Sequence[Example]) -> str:
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments  # type: ignore[import-not-found]

    began, names = time.process_time(), recipe.task.names
    data = {"text": [row.text for row in learned], "label": [names.index(row.label or "") for row in learned]}
    with TemporaryDirectory() as folder:
        model = SetFitModel.from_pretrained(str(base), labels=names)
        arguments = TrainingArguments(output_dir=folder, save_strategy="no", report_to="none", show_progress_bar=False)
        Trainer(model=model, args=arguments, train_dataset=Dataset.from_dict(data)).train()
    seconds = time.process_time() - began
    said = [str(label) for label in model.predict([row.text for row in gold], show_progress_bar=False)]
    return _describe(recipe, [row.label or "" for row in gold], said, seconds)


def _describe(recipe: Recipe, truth: Sequence[object], predicted: Sequence[object], seconds: float) -> str:
    score = score_answers(truth, predicted, recipe.task)["macro_f1"]  # type: ignore[arg-type]  # single labels
    interval = f"[{100 * score['low']:.1f}, {100 * score['high']:.1f}]"
    return f"macro-F1 {100 * score['value']:.1f} {interval}, {seconds:.0f} CPU-seconds"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.setfit", description=__doc__)
    parser.add_argument("recipes", metavar="RECIPE", nargs="+", type=Path)
    parser.add_argument("--share", type=float, default=0.125, help="of the labelled rows of each label")
    given = parser.parse_args()
    with open_target() as opened:
        for path in given.recipes:
            compare(Recipe.read(path), given.share, opened)
