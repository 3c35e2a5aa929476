"""The pages that people read: README.md of models, dataset and Space.

Whatever a template puts between braces is escaped for Markdown, unless it is `Markdown`, which code here has made.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.evaluation.markdown import Markdown, code, escape
from factory.evaluation.report import is_local, name_base_model
from factory.evaluation.scoreboard import SCORES, explain, explain_costs, megabytes, tabulate_markdown
from factory.release import sentences, tables
from factory.release.contents import Contents
from factory.release.metadata import dataset_metadata, front_matter, licenses, model_metadata, space_metadata
from factory.release.samples import choose_samples

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
Json = dict[str, Any]


def model_card(contents: Contents, student: str) -> str:
    """Return the README.md of one student."""
    settings = next(entry for entry in contents.recipe.students if entry.name == student)
    entries = contents.entries(student)
    gold = entries[0]["gold"]
    light = [entry for entry in entries if entry["format"] != "safetensors"]
    return _fill(
        "model.md.jinja",
        model_metadata(contents, student),
        contents,
        model_id=Markdown(contents.model_id(student)),
        settings=settings,
        base_model=Markdown(code(name_base_model(settings.base_model))),
        is_base_on_hub=not is_local(settings.base_model),
        parameters=Markdown(_count(entries[0]["parameters"])),
        siblings=_list_models(contents, but=student),
        light=light[-1] if light else None,
        light_size=light and Markdown(megabytes(light[-1]["bytes"])),
        **_example(contents, student),
        **_scores(contents, entries),
        on_scores=[Markdown(line) for line in sentences.on_scores(contents, entries[0])],
        on_rows=Markdown(f"{sum(contents.training[student]['rows'].values()):,}"),
        on_confidence=Markdown(sentences.on_confidence(entries[0])),
        on_training=Markdown(sentences.on_training(settings, contents.training[student])),
        headline=Markdown(sentences.headline(contents, entries[0])),
        per_label=tables.per_label(gold),
        scarce=Markdown(sentences.on_scarce_labels(gold)),
        files=tables.files(entries),
        on_costs=Markdown(explain_costs(contents.report)),
        confusion=tables.confusion(gold, contents.recipe.task.names),
    )


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
        **_scores(contents, contents.report["students"]),
    )


def space_card(contents: Contents) -> str:
    """Return the README.md of the Space."""
    student = contents.recipe.students[0].name
    entries = contents.entries(student)
    return _fill(
        "space.md.jinja",
        space_metadata(contents),
        contents,
        model_id=Markdown(contents.model_id(student)),
        headline=Markdown(sentences.headline(contents, entries[0])),
        on_gold=[Markdown(line) for line in sentences.on_gold(contents)][:1],
    )


def _fill(name: str, metadata: Json, contents: Contents, **values: Any) -> str:
    """Return a card: the metadata, then the template with what all cards share and `values`."""
    recipe, data = contents.recipe, contents.report["data"]
    shared = {
        "recipe": recipe,
        "task": recipe.task,
        "input": _as_noun(recipe.task.text),
        "language": LANGUAGES.get(recipe.language, f"the language {recipe.language!r}"),
        "data": data,
        "rows": Markdown(f"{data['rows']:,}"),
        "dataset_id": Markdown(contents.dataset_id),
        "tag": Markdown(contents.tag),
        "hub": contents.hub,
        "is_on_huggingface": contents.hub == "huggingface.co",
        "teacher": contents.report["teacher"]["model"],
        "labels_table": tables.labels(contents),
        "rows_table": tables.filters(contents),
        "licenses": " and ".join(licenses(contents)),
        "credits": list(_credits(contents)),
        "on_origin": Markdown(sentences.on_origin(contents)),
        "on_attributes": Markdown(sentences.on_attributes(contents)),
        "on_asked_labels": Markdown(sentences.on_asked_labels(contents)),
        "on_split": Markdown(sentences.on_split(contents)),
        "on_teacher": Markdown(sentences.on_teacher(contents)),
    }
    body = _templates().get_template(name).render(shared | values)
    return front_matter(metadata) + "\n" + re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def _example(contents: Contents, student: str) -> Json:
    """Return a held-out text as code, and what the model said of it: one that it got right, if there is one."""
    answers = {row["text"]: row for row in contents.predictions[student]}
    rows = contents.splits["held_out"]
    right = [row for row in rows if answers[row.text]["label"] == row.label]
    (sample,) = choose_samples(right or rows, contents.recipe.task.names, 1)
    said = answers[sample.text]
    answer = f'[{{"label": {_literal(said["label"])}, "score": {said["score"]:.2f}}}]'
    return {"text": Markdown(_literal(sample.text)), "answer": Markdown(answer)}


def _list_models(contents: Contents, but: str | None = None) -> Markdown:
    names = [student.name for student in contents.recipe.students if student.name != but]
    return Markdown(", ".join(f"`{contents.model_id(name)}`" for name in names))


def _scores(contents: Contents, entries: list[Json]) -> Json:
    report = {**contents.report, "students": entries}
    return {
        "scoreboard": Markdown(tabulate_markdown(report, SCORES)),
        "measured": [Markdown(escape(line)) for line in explain(report)],
        "on_gold": [Markdown(line) for line in sentences.on_gold(contents)],
    }


@cache
def _templates() -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        finalize=lambda value: value if isinstance(value, Markdown | int) else escape(value),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _credits(contents: Contents) -> Iterator[Markdown]:
    """Yield whom the recipe credits; an address there is left to be a link."""
    for what, source in {"The texts": contents.recipe.texts, "The gold": contents.recipe.gold}.items():
        if source and (source.attribution or source.license or source.dataset):
            parts = [source.dataset and f"dataset {source.dataset}", source.attribution, source.license]
            said = ". ".join(escape(part).rstrip(".").replace("\\://", "://") for part in parts if part)
            yield Markdown(f"{what}: {said}.")


def _as_noun(text: str) -> str:
    """Return what one text is, ready for the middle of a sentence: 'A message.' becomes 'a message'."""
    text = text.strip().rstrip(".")
    is_word = len(text) > 1 and text[0].isupper() and (text[1].islower() or text[1] == " ")
    return text[0].lower() + text[1:] if is_word else text


def _count(number: int) -> str:
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{number:,}"


def _literal(text: str) -> str:
    """Return a Python string that stands in a block of code: no control character, and nothing that ends the block."""
    shown = json.dumps(text, ensure_ascii=False)
    return "".join(_spelled(character) for character in shown)


def _spelled(character: str) -> str:
    if character != "`" and (character == " " or unicodedata.category(character)[0] not in "CZ"):
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
