"""The tables of the cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from factory.data.examples import Example, parts_of
from factory.evaluation.markdown import Markdown, escape, table
from factory.evaluation.scoreboard import NOTHING, megabytes, percent
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


def labels(contents: Contents, thresholds: Mapping[str, float]) -> Markdown:
    """Return the labels with their meanings, thresholds where there are some, and the rows of each in every split."""
    counts = {SPLITS[name]: Counter(_labels_of(rows)) for name, rows in contents.splits.items()}
    rows = [
        [
            escape(label),
            escape(meaning),
            *([f"{thresholds[label]:.2f}"] if thresholds else []),
            *(f"{found[label]:,}" for found in counts.values()),
        ]
        for label, meaning in contents.recipe.task.labels.items()
    ]
    blank = ["", ""] if thresholds else [""]
    if contents.is_multi_label:
        rows.append(["none of them", *blank, *(f"{found[None]:,}" for found in counts.values())])
    rows.append(["all", *blank, *(f"{len(found):,}" for found in contents.splits.values())])
    head = ["label", "meaning", *(["threshold"] if thresholds else []), *counts]
    return Markdown(table(head, rows, "ll" + "r" * (len(head) - 2)))


def filters(contents: Contents) -> Markdown:
    """Return how many texts there were, how many each filter removed, and how many are left."""
    data = contents.report["data"]
    removed = [[f"removed: {escape(reason)}", f"{rows:,}"] for reason, rows in data["removed"].items()]
    total = data["rows"] + sum(data["removed"].values())
    rows = [["texts at the start", f"{total:,}"], *removed, ["**kept**", f"**{data['rows']:,}**"]]
    return Markdown(table(["step", "texts"], rows))


def files(entries: list[Json]) -> Markdown:
    """Return what each published file of a student weighs, how fast and dear it is, and how like the first."""
    is_compared = len(entries) > 1
    head = ["file", "size", *(["same answers"] if is_compared else []), "texts/s", "$/million"]
    rows = []
    for entry in entries:
        same = entry.get("agreement_with_fp32")
        rate, dollars = f"{entry['texts_per_second']:,.4g}", f"{entry['dollars_per_million']:,.2f}"
        shown = [percent(same) if same else NOTHING] if is_compared else []
        rows.append([f"`{FILES[entry['format']]}`", megabytes(entry["bytes"]), *shown, rate, dollars])
    return Markdown(table(head, rows))


def per_label(gold: Json | None, units: str) -> Markdown | None:
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
    return Markdown(table(["label", "precision", "recall", "F1", f"gold {units}"], rows))


def confusion(gold: Json | None, names: list[str]) -> Markdown | None:
    """Return the whole matrix while it can be read, else the mistakes that are most frequent."""
    if not gold or "confusion" not in gold:
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
    head = ["labels" if contents.is_multi_label else "label", "text", *(["text_pair"] if contents.is_pair else [])]
    cells = [[escape(", ".join(row.given_labels) or "none"), *map(_quote, parts_of(row.content))] for row in rows]
    return Markdown(table(head, cells, "l" * len(head)))


def _labels_of(rows: Sequence[Example]) -> Iterator[str | None]:
    for row in rows:
        yield from row.given_labels or (None,)


def _quote(text: str) -> str:
    return escape(text if len(text) <= MAX_QUOTED_CHARACTERS else f"{text[:MAX_QUOTED_CHARACTERS]}...")
