"""The page of a sum of modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factory.evaluation.markdown import Markdown, code, table
from factory.modules.composition import HEAD, list_interference
from factory.release.card_text import front_matter, mark
from factory.release.cards import open_templates
from factory.release.usage import literal

HOW = {
    "linear": "Changes of the weights are added, each times its weight (task arithmetic, Ilharco et al. 2023).",
    "ties": "Their changes were merged by TIES (Yadav et al. 2023): of each the largest {share} % were kept, and "
    "where signs disagree those of the larger sum.",
    "dare": "Their changes were merged by DARE (Yu et al. 2024): {share} % of each, drawn at random, were kept and "
    "scaled up, then added.",
}
LISTS = ("language", "datasets")
Json = dict[str, Any]


def sum_card(about: Mapping[str, Any], repo_id: str, tag: str, hub: str) -> str:
    """Return the README.md of a sum of modules, by what its sidecar says."""
    parts, first = about["made_of"], about["tasks"][0]["name"]
    body = (
        open_templates()
        .get_template("sum.md.jinja")
        .render(
            model_id=Markdown(repo_id),
            tag=Markdown(tag),
            hub=hub,
            is_on_huggingface=hub == "huggingface.co",
            base_model=Markdown(code(about["base"]["name"])),
            base_call=Markdown(literal(about["base"]["name"])),
            base_revision=Markdown(literal(about["base"]["revision"])),
            is_one=len(parts) == 1,
            parts=Markdown(table(["module", "weight", "commit", "SHA-256 of its weights"], map(_list, parts), "lrll")),
            on_how=Markdown(HOW[about["how"]].format(share=f"{100 * about.get('density', 1):g}")),
            measured=Markdown(table(HEAD, list_interference(about["interference"]))),
            temperature=Markdown("temperature"),
            tasks=[Markdown(_spell(task)) for task in about["tasks"]],
            first=Markdown(literal(first)),
            last=Markdown(literal(about["tasks"][-1]["name"])),
            licenses=[Markdown(f"{code(part['name'])}: {code(part.get('license', 'not told'))}") for part in parts],
        )
    )
    return front_matter(_describe(about)) + "\n" + mark(body)


def _describe(about: Mapping[str, Any]) -> Json:
    """Return the front matter; a licence only where all parts have the same."""
    parts = about["made_of"]
    licenses = {part.get("license") for part in parts}
    shared = {name: list(dict.fromkeys(it for part in parts for it in part.get(name, []))) for name in LISTS}
    metadata = {
        "library_name": "peft",
        "license": licenses.pop() if len(licenses) == 1 else None,
        "pipeline_tag": "text-classification",
        "base_model": about["base"]["name"],
        "base_model_relation": "adapter",
        "tags": ["hf-factory", "lora", "merge"],
        **shared,
    }
    return {name: value for name, value in metadata.items() if value}


def _list(part: Mapping[str, Any]) -> list[str]:
    return [code(part["name"]), f"{part['weight']:g}", code(part.get("commit", "-")[:12]), code(part["sha256"][:16])]


def _spell(task: Mapping[str, Any]) -> str:
    """Return a task as a line of the code that asks it."""
    answers = ", ".join(f"{literal(label)}: {tokens}" for label, tokens in task["labels"].items())
    asked = task["input"]
    start, frame, temperature = asked["start"], literal(asked["frame"]), task["temperature"]
    return f"{literal(task['name'])}: ({start}, {frame}, {temperature:g}, {{{answers}}}),"
