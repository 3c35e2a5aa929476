"""Training a student, against a plain Trainer of transformers on the same rows."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import cpu_seconds, show
from benchmarks.rows import MINILM, TASK, read_rows
from factory.data.examples import Example
from factory.recipe_students import Full
from factory.students.lesson import Lesson
from factory.students.methods import find_method
from factory.students.quiet import quiet_transformers

ROWS = 320
STUDENT = Full(name="bench", base_model="minilm", epochs=1, lr=5e-5, head_first=False)


def run() -> None:
    """Print examples per CPU-second of both, one epoch each."""
    rows = read_rows()[:ROWS]
    with quiet_transformers(), TemporaryDirectory() as folder:
        plain = len(rows) / cpu_seconds(lambda: _train_plainly(rows, Path(folder) / "plain"), rounds=1)
        ours = len(rows) / cpu_seconds(lambda: _train(rows, Path(folder) / "ours"), rounds=1)
    show(
        ("training, a plain Trainer", f"{plain:.1f} examples per CPU-second"),
        ("training, ours", f"{ours:.1f} examples per CPU-second = {ours / plain:.2f} times as many"),
    )


def _train(rows: list[Example], place: Path) -> None:
    find_method("full")(Lesson(rows, [], TASK, STUDENT, place, base=MINILM, found={"epochs": 1}))


def _train_plainly(rows: list[Example], place: Path) -> None:
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        PrinterCallback,
        Trainer,
        TrainingArguments,
    )

    tokenizer = AutoTokenizer.from_pretrained(MINILM)
    network = AutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=len(TASK.names))
    data = [{**tokenizer(row.text, truncation=True), "label": TASK.names.index(row.label or "")} for row in rows]
    arguments = TrainingArguments(
        str(place),
        num_train_epochs=1,
        per_device_train_batch_size=STUDENT.batch_size,
        learning_rate=5e-5,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = Trainer(network, arguments, DataCollatorWithPadding(tokenizer), data)
    trainer.remove_callback(PrinterCallback)  # it prints among the figures
    trainer.train()
