"""The pages that people read: README.md of models, dataset and Space.

Whatever a template puts between braces is escaped for Markdown, unless it is `Markdown`, which code here has made.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.evaluation.markdown import Markdown, code, escape
from factory.evaluation.report import is_local, name_base_model
from factory.evaluation.scoreboard import CONTROL, SCORES, explain, explain_costs, megabytes, tabulate_markdown
from factory.release import auditing, data_sentences, methods, origins, sentences, tables
from factory.release.card_text import front_matter, mark
from factory.release.contents import Contents
from factory.release.licensing import list_licenses
from factory.release.metadata import (
    adapter_metadata,
    dataset_metadata,
    merged_metadata,
    model_metadata,
    space_metadata,
)
from factory.release.module_cards import fill_module
from factory.release.usage import literal, show_calls

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
LANGUAGES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "zh": "Chinese",
}
OWN = {"dataset.md.jinja": "This dataset", "adapter.md.jinja": "This adapter", "module.md.jinja": "This adapter"}
Json = dict[str, Any]


def model_card(contents: Contents, student: str) -> str:
    """Return the README.md of one student."""
    entries = contents.entries(student)
    gold = entries[0]["gold"]
    light = [entry for entry in entries if entry["format"] != "safetensors"]
    return _fill(
        "model.md.jinja",
        model_metadata(contents, student),
        contents,
        student=student,
        light=light[-1] if light else None,
        light_size=light and Markdown(megabytes(light[-1]["bytes"])),
        siblings=_list_models(contents, but=student),
        thresholds=contents.thresholds(student),
        **show_calls(contents, student),
        **_scores(contents, student),
        **_making(contents, student),
        on_scores=[Markdown(line) for line in sentences.on_scores(contents, entries[0])],
        on_confidence=Markdown(sentences.on_confidence(contents, entries[0])),
        on_length=sentences.on_length(contents, student),
        headline=Markdown(sentences.headline(contents, entries[0])),
        per_label=tables.per_label(gold, contents.units),
        scarce=Markdown(sentences.on_scarce_labels(gold)),
        files=tables.files(entries),
        on_files=[Markdown(line) for line in sentences.on_files(contents, entries)],
        on_costs=Markdown(explain_costs({**contents.report, "students": entries})),
        confusion=tables.confusion(gold, contents.recipe.task.names),
    )


def adapter_card(contents: Contents, student: str) -> str:
    """Return the README.md of the low-rank adapter of one student, for those who do not want the merged model."""
    entry = contents.entries(student)[0]
    return _fill(
        "adapter.md.jinja",
        adapter_metadata(contents, student),
        contents,
        student=student,
        adapter_id=Markdown(contents.adapter_id(student)),
        names=Markdown(f"[{', '.join(map(literal, contents.recipe.task.names))}]"),
        base_call=Markdown(literal(name_base_model(contents.settings(student)["base_model"]))),
        base_revision=Markdown(literal(contents.settings(student)["revision"])),
        layers=contents.training[student].get("adapter", {}).get("num_hidden_layers"),
        headline=Markdown(sentences.headline(contents, entry)),
        **show_calls(contents, student),
        **_making(contents, student, is_adapter=True),
    )


def module_card(contents: Contents, student: str) -> str:
    """Return the README.md of a prompt made into an adapter."""
    metadata, values = adapter_metadata(contents, student), fill_module(contents, student)
    return _fill("module.md.jinja", metadata, contents, student=student, **values)


def merged_card(contents: Contents, student: str) -> str:
    """Return the README.md of a module's merged weights, for those who do not want peft."""
    metadata, values = merged_metadata(contents, student), fill_module(contents, student)
    return _fill("merged.md.jinja", metadata, contents, student=student, **values)


def dataset_card(contents: Contents) -> str:
    """Return the README.md of the dataset."""
    words = contents.report["data"]["words"]
    return _fill(
        "dataset.md.jinja",
        dataset_metadata(contents),
        contents,
        models=_list_models(contents),
        words={name: Markdown(f"{count:,g}") for name, count in words.items()},
        samples=tables.samples(contents),
        on_diversity=Markdown(data_sentences.on_diversity(contents)),
        on_personal_data=Markdown(data_sentences.on_personal_data(contents)),
        on_audit=[Markdown(line) for line in auditing.on_audit(contents)],
        wrong_pairs=auditing.tabulate_pairs(contents),
        **_scores(contents),
    )


def space_card(contents: Contents, student: str) -> str:
    """Return the README.md of the Space that shows one student."""
    return _fill(
        "space.md.jinja",
        space_metadata(contents, student),
        contents,
        student=student,
        headline=Markdown(sentences.headline(contents, contents.entries(student)[0])),
        on_gold=[Markdown(line) for line in sentences.on_gold(contents)][:1],
    )


def _fill(name: str, metadata: Json, contents: Contents, student: str | None = None, **values: Any) -> str:
    """Return a card: the metadata, then the template with what all cards share and `values`."""
    recipe, data = contents.recipe, contents.report["data"]
    if student:
        values |= {"model_id": Markdown(contents.model_id(student)), "is_network": contents.is_network(student)}
    shared = {
        "is_multi_label": contents.is_multi_label,
        "is_pair": contents.is_pair,
        "units": contents.units,
        "recipe": recipe,
        "task": recipe.task,
        "input": " and ".join(_as_noun(text) for text in (recipe.task.text, recipe.task.text_pair) if text),
        "language": LANGUAGES.get(recipe.language, f"the language {recipe.language!r}"),
        "data": data,
        "rows": Markdown(f"{data['rows']:,}"),
        "dataset_id": Markdown(contents.dataset_id),
        "tag": Markdown(contents.tag),
        "hub": contents.hub,
        "is_on_huggingface": contents.hub == "huggingface.co",
        "teacher": contents.report["teacher"]["model"],
        "labels_table": tables.labels(contents, contents.thresholds(student) if student else {}),
        "rows_table": tables.filters(contents),
        "on_license": list_licenses(contents, OWN.get(name, "This model"), student),
        "on_origin": Markdown(origins.on_origin(contents)),
        "on_attributes": Markdown(sentences.on_attributes(contents)),
        "on_asked_labels": Markdown(sentences.on_asked_labels(contents)),
        "on_asking": Markdown(origins.on_asking(contents)),
        "on_committee": Markdown(origins.on_committee(contents)),
        "on_split": Markdown(sentences.on_split(contents)),
        "on_teacher": Markdown(origins.on_teacher(contents)),
        "on_rounds": [Markdown(line) for line in auditing.on_rounds(contents)],
        "rounds": auditing.show_rounds(contents),
    }
    body = open_templates().get_template(name).render(shared | values)
    return front_matter(metadata) + "\n" + mark(re.sub(r"\n{3,}", "\n\n", body))


def _list_models(contents: Contents, but: str | None = None) -> Markdown:
    names = [student.name for student in contents.recipe.students if student.name != but]
    return Markdown(", ".join(f"`{contents.model_id(name)}`" for name in names))


def _scores(contents: Contents, student: str | None = None) -> Json:
    """Return the scoreboard with what explains it: of one student, or of all."""
    report = contents.report
    if student:
        is_others = re.compile(rf"(?!{student}{CONTROL}).*{CONTROL}")
        report = {
            **report,
            "students": contents.entries(student),
            "baselines": [line for line in report["baselines"] if not is_others.fullmatch(line["name"])],
            "withheld": [],  # the section on files says it
        }
    return {
        "scoreboard": Markdown(tabulate_markdown(report, SCORES)),
        "measured": [Markdown(escape(line)) for line in explain(report)],
        "on_gold": [Markdown(line) for line in sentences.on_gold(contents)],
    }


def _making(contents: Contents, student: str, *, is_adapter: bool = False) -> Json:
    """Return what tells of the base model and the training."""
    base_model, tried = contents.settings(student).get("base_model"), methods.tabulate_tried(contents, student)
    return {
        "base_model": base_model and Markdown(code(name_base_model(base_model))),
        "is_base_on_hub": base_model and not is_local(base_model),
        "on_model": Markdown(methods.on_model(contents, student)),
        "on_training": Markdown(methods.on_training(contents, student, is_adapter=is_adapter)),
        "tried": tried,
        "on_choice": tried and Markdown(methods.on_choice(contents.training[student]["tried"])),
    }


@cache
def open_templates() -> Environment:
    """Return the templates, whose values are escaped for Markdown."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        finalize=lambda value: value if isinstance(value, Markdown | int) else escape(value),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _as_noun(text: str) -> str:
    """Return what one text is, ready for the middle of a sentence: 'A message.' becomes 'a message'."""
    text = text.strip().rstrip(".")
    is_word = len(text) > 1 and text[0].isupper() and (text[1].islower() or text[1] == " ")
    return text[0].lower() + text[1:] if is_word else text
