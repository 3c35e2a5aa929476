"""Write the recipes of the comparison beside data that the repository may not hold.

    python -m benchmarks.tasks DATA [FOLDER]

DATA has a folder for each task with train.parquet and test.parquet (text, label) and the recorded answers of a
language model, teacher_labels.jsonl and teacher_gold_labels.jsonl. FOLDER (default .cache/tasks) gets a recipe folder
for each: `factory compare FOLDER/gwsd-climate-stance`.
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
TASKS: dict[str, dict[str, Any]] = {
    "gwsd_climate_stance": {
        "title": "Stance on global warming",
        "text": "A sentence from US news coverage of global warming",
        "question": 'What is its stance towards "global warming is a serious concern"?',
        "epochs": 5,
    },
    "agnews": {
        "title": "News topic",
        "text": "A news item",
        "question": "Which section is it from?",
        "epochs": 2,
        "gold_rows": 800,  # those that the teacher answered, and more: labelling all 2,000 fourteen times takes long
    },
    "banking77": {
        "title": "Banking intent",
        "text": "A message to a bank's support",
        "question": "What does the customer want?",
        "epochs": 3,
    },
}
FULL_RATES, LORA_RATES = [5e-5, 1e-4, 2e-4], [1e-4, 3e-4, 1e-3]


def write_task(data: Path, folder: Path) -> None:
    """Write one recipe folder: texts, gold, the teacher's recorded answers, recipe.yaml."""
    settings = TASKS[data.name]
    folder.mkdir(parents=True, exist_ok=True)
    train, test = (pq.read_table(data / f"{part}.parquet") for part in ("train", "test"))
    pq.write_table(train.select(["text"]), folder / "texts.parquet")
    with (data / "teacher_gold_labels.jsonl").open(encoding="utf-8") as lines:
        answered = {json.loads(line)["text"] for line in lines}
    gold = sorted(test.select(["text", "label"]).to_pylist(), key=lambda row: row["text"] not in answered)
    pq.write_table(pa.Table.from_pylist(gold[: settings.get("gold_rows")]), folder / "gold.parquet")
    (folder / "teacher").mkdir(exist_ok=True)
    with (folder / "teacher" / "labels.jsonl").open("wb") as file:
        for name in ("teacher_labels.jsonl", "teacher_gold_labels.jsonl"):
            with (data / name).open("rb") as answers:
                shutil.copyfileobj(answers, file)
    labels = sorted(set(test.column("label").to_pylist()))
    (folder / "recipe.yaml").write_text(_recipe(folder.name, settings, labels), encoding="utf-8")


def _recipe(name: str, settings: dict[str, Any], labels: list[str]) -> str:
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
        "students": _students(settings["epochs"]),
        "compress": ["onnx-int8"],
    }
    plain = json.loads(json.dumps(recipe))  # lists that are shared would become anchors
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def _students(epochs: int) -> list[dict[str, Any]]:
    shared = {"base_model": MINILM, "epochs": epochs, "seeds": 3}
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
