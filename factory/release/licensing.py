"""What a card says of licences: of the release itself, and of each part that it is made of."""

from __future__ import annotations

from collections.abc import Iterator

from factory.evaluation.markdown import Markdown, code, escape
from factory.evaluation.report import is_local
from factory.licensing.checking import find_contradiction
from factory.licensing.parts import Part
from factory.licensing.terms import Terms
from factory.recipe_data import Texts
from factory.release.contents import Contents


def list_licenses(contents: Contents, own: str, student: str | None = None) -> list[Markdown]:
    """Return the lines of the section on licences: of `own`, such as 'This model', and of the parts of one student,
    or of the dataset."""
    parts = [part for part in contents.parts if part.role != "base model" or _is_base_of(contents, part, student)]
    said = [
        *_on_release(contents, own),
        *(_on_part(contents, part) for part in parts),
        *_on_conflicts(contents, parts),
    ]
    shown = dict.fromkeys(part.shown for part in parts if part.shown)
    return [*map(Markdown, said), *(Markdown(f"**{line}**") for line in shown)]


def licenses(contents: Contents) -> list[str]:
    """Return the licences of the dataset: that of the user's texts, and the recipe's for what was made here."""
    named = [name for part in contents.parts if part.role == "texts" for name in part.ids]
    return list(dict.fromkeys([*named, contents.recipe.license]))


def _is_base_of(contents: Contents, part: Part, student: str | None) -> bool:
    """Whether a student began from a base model: what `method: auto` chose may not have."""
    return part.student == student and bool(contents.settings(str(student)).get("base_model"))


def _on_release(contents: Contents, own: str) -> Iterator[str]:
    recipe, rows = contents.recipe, escape(contents.recipe.license)
    others = [part.license for part in contents.parts if part.role == "texts" and part.license]
    if others and others[0] != recipe.license:
        made = "what the teacher wrote and labelled" if recipe.generate else "the labels"
        rows = f"{escape(others[0])} for the texts that came with the recipe, {rows} for {made}"
    yield f"{own}: {rows}." if own == "This dataset" else f"{own}: {escape(recipe.license)}. The dataset: {rows}."


def _on_part(contents: Contents, part: Part) -> str:
    if part.role == "teacher":
        return _on_teacher(part)
    if part.role == "base model":
        return _on_base(contents, part)
    rows = contents.recipe.texts if part.role == "texts" else contents.recipe.gold
    return " ".join([f"The {part.role}: {_credit(rows, part)}.", *_asks(part.terms)])


def _on_base(contents: Contents, part: Part) -> str:
    name = code(part.name)
    if part.license:
        place = f" ({_address(part.link)})" if part.link and not part.terms else ""
        asks = _asks(part.terms) if part.terms else ["What that asks is not known here."]
        return " ".join([f"The base model {name}: {escape(part.license)}{place}.", *asks])
    given = str(contents.settings(str(part.student)).get("base_model", ""))
    if is_local(given):
        return f"The base model {name} was a folder on the author's machine; ask the author for its licence."
    return f"The base model {name} has a licence of its own, which its card did not tell; see its page."


def _on_teacher(part: Part) -> str:
    name, terms = escape(part.name), part.terms
    if terms is None:
        under = f" Its weights are under {escape(part.license)}." if part.license else ""
        return (
            f"The teacher: {name}.{under} Its terms are not known here; they may limit what its answers may be used "
            f"for, such as training other models."
        )
    if part.owner:
        return f"The teacher: {name}. {part.owner} asks {terms.outputs} ({terms.source})."
    learners = "of models that learn from its answers"
    of_outputs = f"asks, {learners}, {terms.outputs}" if terms.outputs else f"says nothing {learners}"
    return (
        f"The teacher: {name}. Its weights are under {escape(part.license)}, which {of_outputs} ({terms.source}). "
        f"Whoever ran it may have terms of their own."
    )


def _on_conflicts(contents: Contents, parts: list[Part]) -> Iterator[str]:
    reason = contents.recipe.publish.accept_license_conflict
    for part in parts:
        if contradiction := find_contradiction(contents.recipe, part):
            said = f"**Mind:** {_address(contradiction)}."
            yield f"{said} The author published it all the same: {escape(reason)}" if reason else said


def _credit(rows: Texts | None, part: Part) -> str:
    """Return whom the recipe credits; an address there is left to be a link."""
    dataset, attribution = (rows.dataset, rows.attribution) if rows else (None, None)
    license_id = part.license or "under which licence is not known"
    parts = [dataset and f"dataset {dataset}", attribution, license_id]
    return ". ".join(_address(text).rstrip(".") for text in parts if text)


def _asks(terms: Terms | None) -> list[str]:
    return [f"It asks {terms.asks} ({terms.source})."] if terms else []


def _address(text: str) -> str:
    return escape(text).replace("\\://", "://")
