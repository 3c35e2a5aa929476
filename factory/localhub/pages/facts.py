"""A card's metadata as a table: the names that readers look for first, the rest below."""

import json
from dataclasses import dataclass
from typing import Any

from factory.localhub.calls import Call
from factory.localhub.pages.links import link_of_value
from factory.localhub.repos import Repo

_NAMES = {
    "license": "License",
    "language": "Language",
    "pipeline_tag": "Task",
    "task_categories": "Task",
    "library_name": "Library",
    "base_model": "Base model",
    "datasets": "Datasets",
    "models": "Models",
    "metrics": "Metrics",
    "size_categories": "Size",
    "sdk": "SDK",
    "sdk_version": "SDK version",
    "app_file": "App file",
}
_ELSEWHERE = {"tags", "model-index", "title", "emoji"}
_MAX_CHARACTERS = 400


@dataclass(frozen=True)
class Value:
    """One value of a fact, with the page here that it names."""

    text: str
    link: str | None = None


@dataclass(frozen=True)
class Fact:
    """A name of the metadata and its values; `is_nested` when the value is structured."""

    name: str
    values: list[Value]
    is_nested: bool = False


@dataclass(frozen=True)
class Result:
    """One evaluation that the card reports."""

    task: str
    dataset: str
    metric: str
    value: str


def list_facts(call: Call, repo: Repo) -> tuple[list[Fact], list[Fact]]:
    """Return the well-known facts of a card and all others."""
    card = json.loads(repo.row["card"])
    derived = {key: repo.row[key] for key in ("pipeline_tag", "library_name") if repo.row[key]}
    known = {**derived, **card}
    first = [_fact(call, key, name, known[key]) for key, name in _NAMES.items() if _says_something(known.get(key))]
    others = sorted(card.keys() - _NAMES.keys() - _ELSEWHERE)
    return first, [_fact(call, key, key, card[key]) for key in others if _says_something(card[key])]


def list_tags(repo: Repo) -> list[str]:
    """Return the tags a card gives itself, without those that the table shows."""
    tags = json.loads(repo.row["card"]).get("tags")
    return [str(tag) for tag in tags if isinstance(tag, str | int)] if isinstance(tags, list) else []


def list_results(repo: Repo) -> list[Result]:
    """Return the evaluations of a card's model-index, as far as they have the form it should have."""
    index = json.loads(repo.row["card"]).get("model-index")
    found = []
    for model in _mappings(index):
        for result in _mappings(model.get("results")):
            task, dataset = _mapping(result.get("task")), _mapping(result.get("dataset"))
            for metric in _mappings(result.get("metrics")):
                found.append(
                    Result(
                        _text(task.get("name") or task.get("type") or ""),
                        _text(dataset.get("name") or dataset.get("type") or ""),
                        _text(metric.get("name") or metric.get("type") or ""),
                        _number(metric.get("value")),
                    )
                )
    return found


def _fact(call: Call, key: str, name: str, value: Any) -> Fact:
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, dict | list) for item in items):
        return Fact(name, [Value(_text(value))], is_nested=True)
    return Fact(name, [Value(_text(item), link_of_value(call, key, item)) for item in items])


def _says_something(value: Any) -> bool:
    return value not in (None, "", [], {})


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else _text(value)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
