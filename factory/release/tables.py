"""The tables of the cards."""

from __future__ import annotations

from typing import Any

from factory.evaluation.markdown import Markdown, escape, table
from factory.evaluation.scoreboard import megabytes
from factory.release.contents import SPLITS, Contents
from factory.release.samples import choose_samples

MAX_MATRIX = 8
MAX_CONFUSIONS = 10
MAX_QUOTED_CHARACTERS = 160
SAMPLES = 6
FILES = {
    "safetensors": "model.safetensors",
    "onnx": "onnx/model.onnx",
    "onnx-int8": "onnx/model_quantized.onnx",
}
Json = dict[str, Any]


def labels(contents: Contents) -> Markdown:
    """Return the labels with their meanings and the rows of each in every split."""
    counts = {SPLITS[name]: [row.label for row in rows] for name, rows in contents.splits.items()}
    rows = [
        [escape(label), escape(meaning), *(f"{found.count(label):,}" for found in counts.values())]
        for label, meaning in contents.recipe.task.labels.items()
    ]
    total = ["all", "", *(f"{len(found):,}" for found in counts.values())]
    return Markdown(table(["label", "meaning", *counts], [*rows, total], "llrrr"))


def filters(contents: Contents) -> Markdown:
    """Return how many texts there were, how many each filter removed, and how many are left."""
    data = contents.report["data"]
    removed = [[f"removed: {escape(reason)}", f"{rows:,}"] for reason, rows in data["removed"].items()]
    total = data["rows"] + sum(data["removed"].values())
    rows = [["texts at the start", f"{total:,}"], *removed, ["**kept**", f"**{data['rows']:,}**"]]
    return Markdown(table(["step", "texts"], rows))


def files(entries: list[Json]) -> Markdown:
    """Return what each published file of a student weighs, and how fast and dear it is."""
    return Markdown(table(["file", "size", "texts/s", "$/million"], map(_describe_file, entries)))


def per_label(gold: Json | None) -> Markdown | None:
    """Return precision, recall and F1 of each label."""
    if not gold:
        return None
    rows = [
        [
            escape(label),
            *(f"{100 * score[name]:.1f}" for name in ("precision", "recall", "f1")),
            f"{score['support']:,}",
        ]
        for label, score in gold["per_label"].items()
    ]
    return Markdown(table(["label", "precision", "recall", "F1", "gold texts"], rows))


def confusion(gold: Json | None, names: list[str]) -> Markdown | None:
    """Return the whole matrix while it can be read, else the mistakes that are most frequent."""
    if not gold:
        return None
    names, matrix = [escape(name) for name in names], gold["confusion"]
    if len(names) <= MAX_MATRIX:
        rows = [[f"**{name}**", *map(str, counts)] for name, counts in zip(names, matrix, strict=True)]
        return Markdown(table(["gold label ↓, predicted →", *names], rows))
    mistakes = [
        (count, names[true], names[said])
        for true, counts in enumerate(matrix)
        for said, count in enumerate(counts)
        if count and true != said
    ]
    worst = sorted(mistakes, key=lambda mistake: -mistake[0])[:MAX_CONFUSIONS]
    if not worst:
        return None
    return Markdown(table(["gold label", "predicted", "texts"], [[a, b, str(count)] for count, a, b in worst], "llr"))


def samples(contents: Contents) -> Markdown:
    """Return a few held-out rows."""
    rows = choose_samples(contents.splits["held_out"], contents.recipe.task.names, SAMPLES)
    return Markdown(table(["label", "text"], [[escape(row.label), _quote(row.text)] for row in rows], "ll"))


def _describe_file(entry: Json) -> list[str]:
    rate, dollars = f"{entry['texts_per_second']:,.4g}", f"{entry['dollars_per_million']:,.2f}"
    return [f"`{FILES[entry['format']]}`", megabytes(entry["bytes"]), rate, dollars]


def _quote(text: str) -> str:
    return escape(text if len(text) <= MAX_QUOTED_CHARACTERS else f"{text[:MAX_QUOTED_CHARACTERS]}...")
