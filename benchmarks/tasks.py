"""Write the recipes of the comparison beside data that the repository may not hold.

    python -m benchmarks.tasks DATA [FOLDER]

DATA has a folder for each task with train.parquet and test.parquet (text, label) and the recorded answers of a
language model, teacher_labels.jsonl and teacher_gold_labels.jsonl. FOLDER (default .cache/tasks) gets a folder
for each: `factory compare FOLDER/agnews` compares methods, and `factory compare FOLDER/agnews/larger.yaml` a student
of a larger model with one that learns from the labels alone.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
MPNET = "sentence-transformers/all-mpnet-base-v2"
# `lr` is what validation chose for `full` in the comparison of methods.
TASKS: dict[str, dict[str, Any]] = {
    "gwsd_climate_stance": {
        "title": "Stance on global warming",
        "text": "A sentence from US news coverage of global warming",
        "question": 'What is its stance towards "global warming is a serious concern"?',
        "epochs": 5,
        "lr": 1e-4,
    },
    "agnews": {
        "title": "News topic",
        "text": "A news item",
        "question": "Which section is it from?",
        "epochs": 2,
        "lr": 5e-5,
        "gold_rows": 800,  # those that the teacher answered, and more: labelling all 2,000 fourteen times takes long
    },
    "banking77": {
        "title": "Banking intent",
        "text": "A message to a bank's support",
        "question": "What does the customer want?",
        "epochs": 3,
        "lr": 5e-5,
    },
}
UNLABELLED_ROWS = 1_000  # of the texts that the teacher was not asked about, for a student that learns from another
FULL_RATES, LORA_RATES = [5e-5, 1e-4, 2e-4], [1e-4, 3e-4, 1e-3]


def write_task(data: Path, folder: Path) -> None:
    """Write one recipe folder: texts, gold, the teacher's recorded answers, recipe.yaml."""
    settings = TASKS[data.name]
    folder.mkdir(parents=True, exist_ok=True)
    train, test = (pq.read_table(data / f"{part}.parquet").to_pylist() for part in ("train", "test"))
    texts = [{"text": row["text"]} for row in train]
    _write(texts, data / "teacher_labels.jsonl", folder / "texts.parquet", unanswered=UNLABELLED_ROWS)
    gold = [{"text": row["text"], "label": row["label"]} for row in test]
    _write(gold, data / "teacher_gold_labels.jsonl", folder / "gold.parquet", rows_at_most=settings.get("gold_rows"))
    (folder / "teacher").mkdir(exist_ok=True)
    with (folder / "teacher" / "labels.jsonl").open("wb") as file:
        for answers in (data / "teacher_labels.jsonl", data / "teacher_gold_labels.jsonl"):
            with answers.open("rb") as source:
                shutil.copyfileobj(source, file)
    labels = sorted({row["label"] for row in test})
    for name, students in {"recipe.yaml": _students(settings), "larger.yaml": _sizes(settings)}.items():
        (folder / name).write_text(_recipe(folder.name, settings, labels, students), encoding="utf-8")


def _write(
    rows: list[dict[str, str]],
    answers: Path,
    file: Path,
    rows_at_most: int | None = None,
    unanswered: int | None = None,
) -> None:
    """Write the rows that the teacher answered first, and no more than so many, or so many others."""
    with answers.open(encoding="utf-8") as lines:
        answered = {json.loads(line)["text"] for line in lines}
    rows = sorted(rows, key=lambda row: row["text"] not in answered)
    known = sum(row["text"] in answered for row in rows)
    pq.write_table(pa.Table.from_pylist(rows[: known + unanswered if unanswered else rows_at_most]), file)


def _recipe(name: str, settings: dict[str, Any], labels: list[str], students: list[dict[str, Any]]) -> str:
    recipe = {
        "name": name,
        "title": settings["title"],
        "license": "other",
        "language": "en",
        "task": {
            **{key: settings[key] for key in ("text", "question")},
            "labels": {label: label.replace("_", " ") for label in labels},
        },
        "teacher": {"recorded": "teacher", "model": "Claude (Anthropic; exact snapshot not recorded)"},
        "texts": {"file": "texts.parquet"},
        "gold": {"file": "gold.parquet", "labelled_by": "humans"},
        "filter": {"min_words": 1},
        "split": {"held_out": 0.05},
        "students": students,
        "compress": ["onnx-int8"],
    }
    plain = json.loads(json.dumps(recipe))  # lists that are shared would become anchors
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def _sizes(settings: dict[str, Any]) -> list[dict[str, Any]]:
    shared = {"base_model": MINILM, "epochs": settings["epochs"], "lr": settings["lr"], "seeds": 3}
    return [
        {"name": "larger", "method": "full", "base_model": MPNET, "epochs": min(settings["epochs"], 4), "lr": 5e-5},
        {"name": "full", "method": "full", **shared},
        {"name": "distilled", "method": "distil", **shared, "teacher": "larger"},
    ]


def _students(settings: dict[str, Any]) -> list[dict[str, Any]]:
    shared = {"base_model": MINILM, "epochs": settings["epochs"], "seeds": 3}
    lora = {"method": "lora", **shared, "lr": LORA_RATES}
    return [
        {"name": "full", "method": "full", **shared, "lr": FULL_RATES},
        {"name": "lora", **lora},
        {"name": "pissa", **lora, "init": "pissa"},
        {"name": "head", "method": "head", "base_model": MINILM},
        {"name": "static", "method": "static", "base_model": MINILM},
        {"name": "linear", "method": "linear"},
    ]


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(*sys.argv[2:3] or [".cache/tasks"])
    for task in TASKS:
        write_task(source / task, target / task.replace("_", "-"))
