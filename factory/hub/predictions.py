"""What a model pulled by name says of test rows, asked as its card tells, against what its release recorded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.data.examples import Text
from factory.hub.answers import read_recorded
from factory.hub.modules import open_merged, open_module
from factory.hub.said import Ask, Said
from factory.students.bags import BAGS

MAX_SCORE_DIFFERENCE = 1e-3
MAX_PREDICTIONS = 32
ADAPTER, MERGED = "-adapter", "-merged"
Json = dict[str, Any]


def check_predictions(
    name: str, folder: Path, tag: str, texts: Mapping[str, Text], found: Counter[str], base: str | None = None
) -> Iterator[str]:
    """Yield a sentence for each test row of which the model `name` says something else than its release in `folder`.

    `found` counts the others. Of an adapter without the folder `base` of its base model nothing is asked.
    """
    is_adapter = (folder / "adapter_config.json").is_file()
    if is_adapter and base is None:
        return
    ask = _open(name, folder, tag, base)
    rows = read_recorded(_find_main(folder))
    recorded = [row for row in rows if row["format"] == "safetensors" and row["set"] == "test"][:MAX_PREDICTIONS]
    for row, said in zip(recorded, ask([texts[row["id"]] for row in recorded]), strict=True):
        if _is_recorded(row, said):
            found["predictions"] += 1
        else:
            yield f"model {name} says {said} of row {row['id']}"


def _open(name: str, folder: Path, tag: str, base: str | None) -> Ask:
    is_module = (folder / "module.json").is_file()
    if base is not None:
        return open_module(name, tag, base) if is_module else _open_adapter(name, tag, base)
    if is_module:
        return open_merged(name, tag)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return _open_bag(name, tag) if config["model_type"] in BAGS else _open_network(name, tag)


def _find_main(folder: Path) -> Path:
    """Return the folder of the student itself, whose answers also those of its adapter or merged weights are."""
    if (folder / "eval").is_dir():
        return folder
    return folder.with_name(folder.name.removesuffix(ADAPTER).removesuffix(MERGED))


def read_test_texts(folder: Path) -> dict[str, Text]:
    """Return the texts, or the pairs, of the test split of the dataset in `folder` by their id."""
    import pyarrow.parquet

    paths = sorted((folder / "data").glob("test-*.parquet"))
    rows = [row for path in paths for row in pyarrow.parquet.read_table(path).to_pylist()]
    return {row["id"]: (row["text"], row["text_pair"]) if "text_pair" in row else row["text"] for row in rows}


def _is_recorded(row: Json, said: Said) -> bool:
    predicted = row["predicted"]
    labels = set(predicted) if isinstance(predicted, list) else {predicted}
    scores = row["score"] if isinstance(row["score"], dict) else {predicted: row["score"]}
    if said.labels - said.open != labels - said.open:
        return False
    return all(abs(score - scores[label]) <= MAX_SCORE_DIFFERENCE for label, score in said.scores.items())


def _open_network(name: str, tag: str) -> Ask:
    from transformers import pipeline

    return _ask_pipeline(pipeline("text-classification", model=name, revision=tag, truncation=True))


def _open_adapter(name: str, tag: str, base: str) -> Ask:
    """Return what asks the untouched base with the adapter; what the adapter does not hold, the merged model tells."""
    from peft import PeftModel
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, pipeline

    merged = name.removesuffix(ADAPTER)
    config = AutoConfig.from_pretrained(merged, revision=tag)
    network = AutoModelForSequenceClassification.from_pretrained(base, config=config)
    adapted = PeftModel.from_pretrained(network, name, revision=tag)
    tokenizer = AutoTokenizer.from_pretrained(merged, revision=tag)
    whole = adapted.merge_and_unload()
    return _ask_pipeline(pipeline("text-classification", model=whole, tokenizer=tokenizer, truncation=True))


def _ask_pipeline(classify: Any) -> Ask:
    config = classify.model.config
    thresholds: dict[str, float] = getattr(config, "thresholds", None) or {}
    is_multi_label = config.problem_type == "multi_label_classification"

    def ask(texts: Sequence[Text]) -> Iterator[Said]:
        given = [text if isinstance(text, str) else {"text": text[0], "text_pair": text[1]} for text in texts]
        if not is_multi_label:
            yield from (Said({one["label"]}, {one["label"]: one["score"]}) for one in classify(given))
            return
        for answers in classify(given, top_k=None):
            scores = {one["label"]: one["score"] for one in answers}
            above = {label: score - thresholds[label] for label, score in scores.items()}
            near = {label for label, distance in above.items() if abs(distance) <= MAX_SCORE_DIFFERENCE}
            yield Said({label for label, distance in above.items() if distance >= 0}, scores, near)

    return ask


def _open_bag(name: str, tag: str) -> Ask:
    import factory

    classify = factory.load(name, revision=tag)

    def ask(texts: Sequence[Text]) -> Iterator[Said]:
        for answer in classify(list(texts)):
            scores = {one["label"]: one["score"] for one in (answer if isinstance(answer, list) else [answer])}
            yield Said(set(scores), scores)

    return ask
