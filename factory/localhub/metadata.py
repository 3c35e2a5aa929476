"""What a repository says about itself: the card's metadata, and the tags, task and library derived from its files."""

import json
import re
import sqlite3
from typing import Any

from factory.localhub.store import Store
from factory.localhub.trees import Entry, list_entries

FRONT_MATTER = re.compile(r"\A\ufeff?\s*---[ \t]*\r?\n(.*?)(?:\r?\n)?---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_MAX_READ_BYTES = 2 * 2**20
_TASK_OF_HEAD = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMaskedLM": "fill-mask",
    "ForCausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "ForConditionalGeneration": "text2text-generation",
    "ForImageClassification": "image-classification",
    "Model": "feature-extraction",
}
_CONFIG_KEYS = ("architectures", "model_type", "tokenizer_config")
_TAGGED_KEYS = {
    "license": "license:",
    "datasets": "dataset:",
    "base_model": "base_model:",
    "task_categories": "task_categories:",
    "size_categories": "size_categories:",
    "language": "",
    "tags": "",
    "metrics": "",
}
_FILE_TAGS = {".safetensors": "safetensors", ".onnx": "onnx", ".gguf": "gguf"}


def refresh(store: Store, db: sqlite3.Connection, repo_id: int, repo_type: str, tree: str) -> None:
    """Recompute a repository's metadata from the files at the head of main."""
    files = dict(list_entries(db, tree))
    card = read_front_matter(_read_text(store, files.get("README.md")))
    config = _read_config(_read_text(store, files.get("config.json"))) if repo_type == "model" else {}
    task, library = _string(card, "pipeline_tag"), _string(card, "library_name")
    if repo_type == "model":
        library = library or _infer_library(files, config)
        task = task or (_infer_task(config) if library == "transformers" else None)
    tags = _collect_tags(repo_type, card, files, task, library)
    db.execute(
        "UPDATE repos SET card = ?, config = ?, tags = ?, pipeline_tag = ?, library_name = ? WHERE id = ?",
        (json.dumps(card), json.dumps(config), json.dumps(tags), task, library, repo_id),
    )


def read_front_matter(text: str) -> dict[str, Any]:
    """Return the YAML block at the head of a card; a card that does not parse has none."""
    found = FRONT_MATTER.match(text)
    try:
        card = load_yaml(found[1]) if found else None
        return _plain(card) if isinstance(card, dict) else {}
    except (RecursionError, ValueError, TypeError):
        return {}


def load_yaml(text: str) -> Any:
    """Return what a YAML text says, or raise a ValueError.

    Aliases are refused: nested, a few hundred bytes of them unfold to gigabytes.
    """
    import yaml

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ValueError("aliases are not accepted")
        return yaml.safe_load(text)
    except yaml.YAMLError as fault:
        raise ValueError(" ".join(str(fault).split())) from None


def _read_text(store: Store, entry: Entry | None) -> str:
    if entry is None or entry.is_directory or entry.size > _MAX_READ_BYTES:
        return ""
    return store.blobs.read(entry.sha256).decode(errors="replace")


def _read_config(text: str) -> dict[str, Any]:
    try:
        config = _plain(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}
    return {key: config[key] for key in _CONFIG_KEYS if key in config} if isinstance(config, dict) else {}


def _plain(value: Any) -> Any:
    """Return a value as JSON can tell it to everybody: numbers that are none and dates are texts, of Unicode alone."""
    text = json.dumps(value, default=str, ensure_ascii=False).encode(errors="replace")
    return json.loads(text, parse_constant=str)


def _infer_library(files: dict[str, Entry], config: dict[str, Any]) -> str | None:
    if "adapter_config.json" in files:
        return "peft"
    return "transformers" if config.get("architectures") or config.get("model_type") else None


def _infer_task(config: dict[str, Any]) -> str | None:
    architectures = config.get("architectures")
    architecture = str(architectures[0]) if isinstance(architectures, list) and architectures else ""
    return next((task for head, task in _TASK_OF_HEAD.items() if architecture.endswith(head)), None)


def _collect_tags(
    repo_type: str, card: dict[str, Any], files: dict[str, Entry], task: str | None, library: str | None
) -> list[str]:
    tags = [tag for tag in (library, task) if tag]
    tags += sorted({tag for name in files for suffix, tag in _FILE_TAGS.items() if name.endswith(suffix)})
    if repo_type == "space":
        tags += filter(None, [_string(card, "sdk")])
    for key, prefix in _TAGGED_KEYS.items():
        value = card.get(key)
        values = value if isinstance(value, list) else [value] if value is not None else []
        tags += [f"{prefix}{item}" for item in values if isinstance(item, str | int)]
    return list(dict.fromkeys([*tags, "region:us"]))


def _string(card: dict[str, Any], key: str) -> str | None:
    value = card.get(key)
    return value if isinstance(value, str) else None
