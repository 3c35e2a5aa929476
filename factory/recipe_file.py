"""Read a recipe and name all of its faults at once, each with file, line, setting and remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from factory.errors import RecipeError
from factory.recipe import HttpTeacher, LocalTeacher, Recipe, RecordedTeacher
from factory.recipe_rules import find_faults
from factory.recipe_students import AnyStudent
from factory.recipe_yaml import Document, Location, read_document

TEACHERS: dict[str, type[BaseModel]] = {"model": HttpTeacher, "local": LocalTeacher, "recorded": RecordedTeacher}
METHODS: dict[str, type[BaseModel]] = {
    method: kind for kind in get_args(AnyStudent) for method in get_args(kind.model_fields["method"].annotation)
}
KEY_NAMES = {"api_key", "key", "token", "hf_token", "apikey", "password", "secret"}


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Return the recipe in `path` with `dotted.key=value` overrides; raise RecipeError naming every fault."""
    path = path / "recipe.yaml" if path.is_dir() else path
    document = read_document(path)
    for override in overrides:
        _apply(override, document)
    if document.faults:
        raise RecipeError(document.explain(document.faults))
    try:
        recipe = Recipe.model_validate(document.content)
    except ValidationError as error:
        faults = [_sentence(detail, document) for detail in error.errors(include_url=False)]
        raise RecipeError(document.explain(faults)) from None
    recipe._path = path
    if faults := list(find_faults(recipe)):
        raise RecipeError(document.explain(faults))
    return recipe


def _apply(override: str, document: Document) -> None:
    key, separator, text = override.partition("=")
    place: Any = document.content
    *parents, last = [int(part) if part.isdigit() else part for part in key.split(".")]
    try:
        value = yaml.safe_load(text)
        for parent in parents:
            place = place[parent] if isinstance(parent, int) else place.setdefault(parent, {})
        place[last] = value
    except (KeyError, IndexError, TypeError, AttributeError, yaml.YAMLError):
        separator = ""
    if not separator:
        example = "for example --set students.0.epochs=5"
        raise RecipeError(f"--set {override}: there is no such place in {document.path}; write key=value, {example}")
    document.overridden.add((*parents, last))


def _sentence(detail: ErrorDetails, document: Document) -> tuple[Location, str]:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    if location[:1] == ("teacher",):
        location = (*location[:1], *location[2:])  # without the tag of the union
    elif location[:1] in (("students",), ("teachers",)):
        location = (*location[:2], *location[3:])
    return location, _explain(detail, location, document)


def _explain(detail: ErrorDetails, location: Location, document: Document) -> str:
    kind, value = detail["type"], detail["input"]
    if kind == "missing":
        return f"is missing{_described(location)}"
    if kind == "extra_forbidden":
        return _unknown_setting(location, document)
    if kind == "string_type" and not isinstance(value, dict | list):
        return _needs_quotes(location, document)
    if kind == "union_tag_invalid" and location[:1] == ("students",):
        return f"no such method; known: {', '.join(METHODS)}"
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        return "needs one of `model` (a server), `local` (a model on this machine) or `recorded` (files)"
    message = detail["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(value, dict | list) else f", got {value!r}"
    return f"{message[0].lower()}{message[1:]}{shown}"


def _unknown_setting(location: Location, document: Document) -> str:
    name = str(location[-1])
    if name.casefold() in KEY_NAMES:
        return "a key does not belong in a recipe; set FACTORY_TEACHER_API_KEY or name a variable with `api_key_env`"
    known = list(_fields_at(location[:-1], document))
    close = get_close_matches(name, known, n=1)
    return f"no such setting, did you mean {close[0]!r}?" if close else f"no such setting; known: {', '.join(known)}"


def _needs_quotes(location: Location, document: Document) -> str:
    written = document.scalar(location)
    if not written:
        return "is empty; write a text"
    return f'{written} is not a text in YAML; write it in quotes: "{written}"'


def _described(location: Location) -> str:
    *parents, last = location
    field = dict(_all_fields(_section_at(tuple(parents), None))).get(str(last))
    return f"; {field}" if field else ""


def _fields_at(location: Location, document: Document) -> list[str]:
    return [name for name, _ in _all_fields(_section_at(location, document))]


def _all_fields(section: type[BaseModel]) -> Iterator[tuple[str, str | None]]:
    return ((name, field.description) for name, field in section.model_fields.items())


def _section_at(location: Location, document: Document | None) -> type[BaseModel]:
    section: type[BaseModel] = Recipe
    for part in location:
        if isinstance(part, int):
            section = METHODS.get(_method_at(location, document), section) if location[0] == "students" else section
            section = _kind_of(_item_at(location, document)) if location[0] == "teachers" else section
        elif part == "teacher":
            section = _kind_of(document.content.get("teacher", {}) if document else {})
        elif part in section.model_fields:
            section = next(iter(_sections_in(section.model_fields[part].annotation)), section)
    return section


def _kind_of(written: Any) -> type[BaseModel]:
    return next((kind for key, kind in TEACHERS.items() if key in written), HttpTeacher)


def _method_at(location: Location, document: Document | None) -> str:
    return str(_item_at(location, document).get("method", "full"))


def _item_at(location: Location, document: Document | None) -> dict[str, Any]:
    """Return what is written for one of the students or teachers."""
    written: dict[str, Any] = document.content[str(location[0])][location[1]] if document else {}
    return written


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections_in(argument)
