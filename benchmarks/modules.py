"""What share of a prompt's effect each form of a module keeps, and what it costs.

    python -m benchmarks.modules MODEL DATA OUT [CELL...]

MODEL is the folder of a language model (SmolLM2-135M-Instruct), DATA one with train.parquet and test.parquet (text and
label; AG News). OUT gets results.json, table.md and shares.svg, which are written anew after every cell. Every
stage is kept in .cache/modules: the same command goes on where it was killed. With names, only those cells are made.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.module_results import write_results
from factory.data.examples import Example, write_examples
from factory.errors import FactoryError
from factory.modules.baking import Ingredients, bake_module, finish_module
from factory.modules.measuring import evaluate_module, weigh_prompt
from factory.modules.targets import record_targets
from factory.recipe import Task
from factory.recipe_module import Module
from factory.store import Artifact, Store

ROWS = {"train": 400, "validation": 100, "held_out": 300}
SHOT_ORDER = "BTSWSBTW"  # of five that were tried on 100 texts to learn from, the one least biased to one label
SHOT_CHARACTERS = range(151, 260)
WORDS = {"World": "World", "Sports": "Sports", "Business": "Business", "Sci/Tech": "Technology"}
TASK = Task(
    text="A news item",
    question="Which section is it from?",
    labels={
        "World": "politics, wars, diplomacy and disasters in countries around the globe",
        "Sports": "matches, races, players, coaches and clubs",
        "Business": "companies, markets, prices, jobs and the economy",
        "Sci/Tech": "science, space, computers, software and new devices",
    },
)
SHARED: dict[str, Any] = {
    "method": "module",
    "base_model": "./model",
    "prompt": "prompt.md",
    "input": "Article: {text}\nTopic:",
    "verbalizers": {label: f" {word}" for label, word in WORDS.items()},
    "max_length": 48,
    "allow_worthless_prompt": True,
}
SHORT = {"epochs": 1, "batch_size": 16, "target_modules": "down_proj", "lr": 1e-3}  # 25 steps
CELLS: dict[str, dict[str, Any]] = {
    "prefix-cache": {"form": "prefix-cache"},
    "activation-patch": {"form": "activation-patch", "ridge": [0.01, 0.03, 0.1]},
    "activation-patch-gamma-0.1": {"form": "activation-patch", "ridge": 0.03, "gamma": 0.1},
    "activation-patch-gamma-0.3": {"form": "activation-patch", "ridge": 0.03, "gamma": 0.3},
    "activation-patch-gamma-1": {"form": "activation-patch", "ridge": 0.03, "gamma": 1.0},
    "25-steps": SHORT,
    "25-steps-from-activation-patch": {**SHORT, "init": "activation-patch"},
    "lora": {"lr": [3e-4, 1e-3]},
    "full": {"adapter": "full", "lr": [5e-5]},
    "full-energy-0.9": {"adapter": "full", "lr": [5e-5], "energy": 0.9},
    "label-calibrated": {"form": "label-calibrated", "lr": [1e-3]},
    "pissa": {"init": "pissa", "lr": [3e-4]},
    "olora": {"init": "olora", "lr": [3e-4]},
    "lora-seed-1": {"lr": [1e-3], "seed": 1},
    "full-seed-1": {"adapter": "full", "lr": [5e-5], "seed": 1},
    "lora-seed-2": {"lr": [1e-3], "seed": 2},
    "full-seed-2": {"adapter": "full", "lr": [5e-5], "seed": 2},
}


def run(model: Path, data: Path, out: Path, names: list[str]) -> None:
    """Make the cells and write what is known after each."""
    cache = Path(".cache/modules")
    store = Store(cache / "store")
    write_rows(data, cache / "rows")
    base, prompt = store.source(model), store.source(cache / "rows" / "prompt.md")
    splits, gold = store.source(cache / "rows" / "splits"), store.source(cache / "rows" / "gold")
    targets = store(record_targets, base, prompt, splits, gold, TASK, _settings({}).wording)
    weighed = store(weigh_prompt, targets, gold, TASK.names, "context-distillation")
    made_of = Ingredients(base=base, prompt=prompt, splits=splits, targets=targets, unrelated=None, task=TASK)
    cells: dict[str, Any] = {}
    for name in names or CELLS:
        cells[name] = make_cell(store, made_of, gold, _settings(CELLS[name]))
        known = {"model": model.name, "rows": ROWS, "weighed": _read(weighed, "weighed.json"), "cells": cells}
        write_results(known, out)
        print(f"{name}: {json.dumps(cells[name]['module']['fidelity'])}", flush=True)


def make_cell(store: Store, made_of: Ingredients, gold: Artifact, settings: Module) -> dict[str, Any]:
    """Return the report of one module, with the CPU-seconds of its stages."""
    runs: list[Any] = settings.runs("normal")
    baked = [store(bake_module, made_of, run) for run in runs]
    trained = store(finish_module, made_of, runs, baked)
    report = store(evaluate_module, trained, made_of, gold, None, settings)
    spent = [_read(Artifact(one.path.parent, ""), "manifest.json")["cpu_seconds"] for one in baked]
    facts = _read(trained, "training.json")
    return {**_read(report, "report.json"), "cpu_seconds": round(sum(spent), 1), "training": facts}


def write_rows(data: Path, folder: Path) -> None:
    """Write splits, gold and a prompt with a few shots, none of which is among the rows."""
    train, test = (pq.read_table(data / f"{part}.parquet").to_pylist() for part in ("train", "test"))
    (folder / "splits").mkdir(parents=True, exist_ok=True)
    (folder / "gold").mkdir(exist_ok=True)
    short = [row for row in train if len(row["text"]) in SHOT_CHARACTERS]
    fit = {word[0]: iter([row for row in short if row["label"] == label]) for label, word in WORDS.items()}
    shots = [next(fit[initial]) for initial in SHOT_ORDER]
    rest = [Example(row["text"], row["label"]) for row in train if row not in shots]
    held_out = [Example(row["text"], row["label"]) for row in test[: ROWS["held_out"]]]
    first = ROWS["train"]
    parts = {"train": rest[:first], "validation": rest[first : first + ROWS["validation"]], "held_out": held_out}
    for part, rows in parts.items():
        write_examples(folder / "splits" / f"{part}.jsonl", rows)
    write_examples(folder / "gold" / "gold.jsonl", held_out)
    (folder / "prompt.md").write_text(write_prompt(shots), encoding="utf-8")


def write_prompt(shots: list[dict[str, str]]) -> str:
    """Return the task, what each label means, and the shots."""
    meanings = "\n".join(f"{WORDS[label]}: {meaning}." for label, meaning in TASK.labels.items())
    shown = "".join(f"Article: {row['text']}\nTopic: {WORDS[row['label']]}\n\n" for row in shots)
    task = "Name the section of a newspaper that an article belongs to. There are four sections:"
    return f"{task}\n\n{meanings}\n\nAnswer with the name of the section alone.\n\n{shown}"


def _settings(more: dict[str, Any]) -> Module:
    return Module(name="cell", **{**SHARED, **more})


def _read(artifact: Artifact, name: str) -> Any:
    return json.loads((artifact.path / name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    try:
        run(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
    except FactoryError as fault:
        sys.exit(f"error: {fault}")
