"""The check that a card's metadata passes before it is committed, in the two forms that clients ask for."""

import re
from collections.abc import Iterator
from typing import Any

from starlette.responses import PlainTextResponse, Response

from factory.localhub.calls import Call, reply
from factory.localhub.metadata import FRONT_MATTER, load_yaml

_LICENSES = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0
openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license
fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 gemma unknown other
"""
LICENSES = frozenset(_LICENSES.split())
_COLORS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
_SPACE_SDKS = ("gradio", "docker", "static", "streamlit")
_DATASET_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


def validate(call: Call) -> Response:
    """Answer with the errors and warnings of a card: 400 if there are errors; as text when the client asks for it."""
    errors, warnings = check_card(call.text("content"), call.text("repoType", "model"))
    status = 400 if errors else 200
    if call.headers.get("accept", "").startswith("text/plain"):
        lines = [f"- Error: {error}" for error in errors] + [f"- Warning: {warning}" for warning in warnings]
        return PlainTextResponse("\n".join(lines), status)
    return reply(
        {"errors": [{"message": text} for text in errors], "warnings": [{"message": text} for text in warnings]},
        status,
    )


def check_card(content: str, repo_type: str) -> tuple[list[str], list[str]]:
    """Return the errors and the warnings of a card's metadata."""
    found = FRONT_MATTER.match(content)
    if found is None or not found[1].strip():
        return [], ["empty or missing yaml metadata in repo card"]
    try:
        card = load_yaml(found[1])
    except (RecursionError, ValueError) as fault:
        return [f"the metadata is not YAML: {fault}"], []
    if not isinstance(card, dict):
        return ["the metadata must be a mapping of names to values"], []
    return list(_faults(card, repo_type)), []


def _faults(card: dict[str, Any], repo_type: str) -> Iterator[str]:
    yield from _license_faults(card)
    for key in ("tags", "datasets", "metrics", "base_model", "language", "task_categories"):
        if key in card and not _is_texts(card[key]):
            yield f'"{key}" must be a string or a list of strings'
    for key in ("pipeline_tag", "library_name", "title", "emoji", "app_file", "sdk_version"):
        if key in card and not isinstance(card[key], str):
            yield f'"{key}" must be a string'
    if repo_type == "space":
        yield from _space_faults(card)
    if repo_type == "model" and "model-index" in card:
        yield from _model_index_faults(card["model-index"])
    datasets = card.get("datasets")
    for name in datasets if isinstance(datasets, list) else []:
        if isinstance(name, str) and not _DATASET_ID.fullmatch(name):
            yield f'"datasets" has "{name}", which is not the id of a dataset on the Hub'


def _license_faults(card: dict[str, Any]) -> Iterator[str]:
    value = card.get("license")
    for name in value if isinstance(value, list) else [value]:
        if name is not None and (not isinstance(name, str) or name.lower() not in LICENSES):
            yield f'"license" must be one of [{", ".join(sorted(LICENSES))}]'
    if value == "other" and "license_name" in card and not isinstance(card["license_name"], str):
        yield '"license_name" must be a string'


def _space_faults(card: dict[str, Any]) -> Iterator[str]:
    if card.get("sdk") is not None and card["sdk"] not in _SPACE_SDKS:
        yield f'"sdk" must be one of [{", ".join(_SPACE_SDKS)}]'
    for key in ("colorFrom", "colorTo"):
        if card.get(key) is not None and card[key] not in _COLORS:
            yield f'"{key}" must be one of [{", ".join(_COLORS)}]'


def _model_index_faults(index: Any) -> Iterator[str]:
    if not isinstance(index, list):
        yield '"model-index" must be an array'
        return
    for number, model in enumerate(index):
        at = f"model-index[{number}]"
        if not isinstance(model, dict) or not isinstance(model.get("results"), list):
            yield f'"{at}.results" must be an array'
            continue
        if not isinstance(model.get("name", ""), str):
            yield f'"{at}.name" must be a string'
        for position, result in enumerate(model["results"]):
            yield from _result_faults(f"{at}.results[{position}]", result)


def _result_faults(at: str, result: Any) -> Iterator[str]:
    if not isinstance(result, dict):
        yield f'"{at}" must be an object'
        return
    for part, keys in (("task", ("type",)), ("dataset", ("type", "name"))):
        value = result.get(part)
        for key in keys:
            if not isinstance(value, dict) or not isinstance(value.get(key), str):
                yield f'"{at}.{part}.{key}" is required'
    metrics = result.get("metrics")
    if not isinstance(metrics, list) or not metrics:
        yield f'"{at}.metrics" is required'
        return
    for number, metric in enumerate(metrics):
        if not isinstance(metric, dict) or not isinstance(metric.get("type"), str) or "value" not in metric:
            yield f'"{at}.metrics[{number}]" needs a type and a value'


def _is_texts(value: Any) -> bool:
    return value is None or all(isinstance(item, str) for item in (value if isinstance(value, list) else [value]))
