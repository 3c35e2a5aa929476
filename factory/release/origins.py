"""Who wrote the texts, who labelled them, and what that cost, said in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from factory.evaluation.markdown import escape
from factory.evaluation.report import name_teacher, name_teachers
from factory.recipe import HttpTeacher, RecordedTeacher, TeacherSettings
from factory.release.contents import Contents
from factory.teacher import OVER_BUDGET

Json = dict[str, Any]


def on_origin(contents: Contents) -> str:
    """Return who wrote and who labelled the texts."""
    sources = contents.report["data"]["sources"]
    name = escape(contents.report["teacher"]["model"])
    if "committee" in contents.report["teacher"]:
        return _origin_of_committee(contents)
    if "texts" not in sources:
        return (
            f"A language model, {name}, wrote the texts to carry a given label; then it labelled each in a second "
            f"pass that did not show that label."
        )
    if "generated" not in sources:
        return f"The {contents.units} came with the recipe; a language model, {name}, labelled them."
    return (
        f"{sources['texts']:,} texts came with the recipe, and {sources['generated']:,} were written by a language "
        f"model, {name}, to carry a given label. It labelled all of them in a pass that did not show that label."
    )


def on_asking(contents: Contents) -> str:
    """Return in what way the teacher was asked beyond once for a label; empty where it was not."""
    said = [line for settings in contents.recipe.all_teachers for line in _ways_of_asking(settings)]
    return " ".join(said)


def _ways_of_asking(settings: TeacherSettings) -> Iterator[str]:
    if not isinstance(settings, HttpTeacher):
        return
    name = escape(settings.model)
    if settings.samples > 1:
        yield f"{name} was asked {settings.samples} times about each text, and most of its answers decide."
    if settings.logprobs:
        yield f"The probabilities of {name} are those of its tokens; what is missing in their sum went to other words."
    if settings.reason:
        yield f"{name} gave a reason before each label."


def on_committee(contents: Contents) -> str:
    """Return how far several teachers agree; empty where there is one."""
    committee = contents.report["teacher"].get("committee")
    if not committee:
        return ""
    tied = "Where the most votes are shared, a row has no label and was removed."
    if not committee["rows"]:
        return tied
    kappa = "" if committee["kappa"] is None else f" (Fleiss' kappa {committee['kappa']:.2f})"
    rows = f"{committee['rows']:,} {contents.units} that all of them answered"
    alone = "".join(f" {sentence}" for sentence in _on_each_teacher(committee.get("gold", [])))
    return f"All agree on {100 * committee['agreement']:.1f} % of the {rows}{kappa}. {tied}{alone}"


def _on_each_teacher(scores: Sequence[Json]) -> Iterator[str]:
    for score in scores:
        value, low, high = (100 * score["accuracy"][name] for name in ("value", "low", "high"))
        share = f"{value:.1f} % of {score['rows']:,} gold rows (95 % interval {low:.1f} to {high:.1f} %)"
        yield f"By itself {escape(score['teacher'])} is right on {share}."


def on_teacher(contents: Contents) -> str:
    """Return what the teacher's answers cost."""
    teacher = contents.report["teacher"]
    if all(isinstance(given, RecordedTeacher) for given in contents.recipe.all_teachers):
        return "The teacher's answers had been recorded before and are read from files; what they cost is not known."
    dollars = (
        "at a price that the recipe does not state" if teacher["dollars"] is None else f"${teacher['dollars']:.2f}"
    )
    tokens = teacher["input_tokens"] + teacher["output_tokens"]
    who = "teachers were" if contents.recipe.teachers else "teacher was"
    called = f"The {who} called {teacher['calls']:,} times ({tokens:,} tokens, {dollars})."
    if untold := teacher.get("untold"):
        booked = f"for {untold['answers']:,} answers the server told no tokens, and {untold['booked_tokens']:,} are"
        called = (
            f"{called[:-1]}; {booked} counted as the most they can be, about {untold['likely_tokens']:,} by length."
        )
    left_out = contents.report["data"]["removed"].get(f"unanswered: {OVER_BUDGET}")
    if not left_out:
        return called
    return f"{called} The budget ended before {left_out:,} {contents.units} had a label; these were removed."


def _origin_of_committee(contents: Contents) -> str:
    names, sources = name_teachers(contents.recipe), contents.report["data"]["sources"]
    voted = f"{escape(name_teacher(contents.recipe))} labelled each by itself, and its label is what most of them say"
    if "generated" not in sources:
        return f"The {contents.units} came with the recipe; the language models {voted}."
    written = f"A language model, {escape(names[0])}, wrote the texts to carry a given label"
    if "texts" in sources:
        counts = f"{sources['texts']:,} texts came with the recipe, and {sources['generated']:,} were written by"
        written = f"{counts} a language model, {escape(names[0])}, to carry a given label"
    return f"{written}. Without being shown that label, the language models {voted}."
