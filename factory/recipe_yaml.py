"""YAML as recipes may use it: no aliases, no objects, no keys twice, no secrets; every value knows its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from factory.errors import RecipeError

Location = tuple[int | str, ...]
Fault = tuple[Location, str]
MAX_BYTES = 1_000_000
SECRET = re.compile(r"\b(hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,})")
CORE_TAG = re.compile(r"tag:yaml\.org,2002:(str|int|float|bool|null|timestamp|seq|map|binary)$")


@dataclass
class Document:
    """A recipe as plain data, with the line of every setting and the faults found so far."""

    path: Path
    content: dict[str, Any] = field(default_factory=dict)
    lines: dict[Location, int] = field(default_factory=dict)
    scalars: dict[Location, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    overridden: set[Location] = field(default_factory=set)

    def scalar(self, location: Location) -> str:
        """Return a scalar as it stands in the file, before YAML made a number or a truth value of it."""
        return self.scalars.get(location, "")

    def explain(self, faults: Iterable[Fault]) -> str:
        """Return one line a fault, in the order of the file."""
        placed = sorted(((self._line(location), location, what) for location, what in faults), key=lambda row: row[0])
        return "\n".join(f"{self._place(line, location)}: {what}" for line, location, what in placed)

    def _line(self, location: Location) -> int:
        known = (location[:length] for length in range(len(location), -1, -1))
        return next((self.lines[place] for place in known if place in self.lines), 1)

    def _place(self, line: int, location: Location) -> str:
        dotted = ".".join(str(part) if str(part).isprintable() else repr(part)[1:-1] for part in location)
        if any(location[: len(place)] == place for place in self.overridden):
            return f"--set {dotted}"
        return f"{self.path}:{line}: {dotted}" if dotted else f"{self.path}:{line}"


def read_document(path: Path) -> Document:
    """Return the file as plain data; raise RecipeError at once where it is not YAML that a recipe may use."""
    text = _read_text(path)
    document = Document(path)
    try:
        _refuse_aliases(path, text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.MappingNode):
            raise RecipeError(f"{path}:1: a recipe is a list of `setting: value` lines; start with `factory new`")
        _walk(root, (), document)
        if not document.faults:
            document.content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise RecipeError(f"{path}:{line}: not valid YAML ({error.problem}); mend this line") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(f"{path}:1: not valid YAML ({str(error).splitlines()[0]}); mend the file") from None
    return document


def _refuse_aliases(path: Path, text: str) -> None:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise RecipeError(f"{path}:{line}: anchors and aliases are refused, write it out")


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as fault:
        raise RecipeError(f"{path}: cannot be read ({fault.strerror}); check the path") from None
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise RecipeError(f"{path}:{line}: not UTF-8; save the file as UTF-8") from None
    if len(raw) > MAX_BYTES:
        raise RecipeError(f"{path}: {len(raw)} bytes are too many for a recipe; put texts into a file beside it")
    if not text.strip():
        raise RecipeError(f"{path}:1: the file is empty; `factory new` writes a recipe to start from")
    return text


def _walk(node: yaml.Node, location: Location, document: Document) -> None:
    document.lines.setdefault(location, node.start_mark.line + 1)
    if not CORE_TAG.match(node.tag):
        document.faults.append((location, f"the tag {node.tag} is refused; write a plain value"))
    if isinstance(node, yaml.MappingNode):
        _walk_mapping(node, location, document)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*location, index), document)
    else:
        document.scalars[location] = node.value
        document.faults.extend((location, what) for what in _secrets_in(node.value))


def _walk_mapping(node: yaml.MappingNode, location: Location, document: Document) -> None:
    seen: set[str] = set()
    for key, value in node.value:
        place = (*location, str(key.value))
        document.lines[place] = key.start_mark.line + 1
        if key.tag != "tag:yaml.org,2002:str":
            written = f'`{key.value}` is not a text in YAML; write it in quotes: "{key.value}"'
            document.faults.append((place, written))
        if key.value in seen:
            document.faults.append((place, "is given twice; keep one"))
        seen.add(key.value)
        document.faults.extend((location, what) for what in _secrets_in(str(key.value)))
        _walk(value, place, document)


def _secrets_in(text: str) -> Iterator[str]:
    if SECRET.search(text):
        yield "looks like a secret key; remove it (and revoke it), keys are read from the environment"
    if "${" in text:
        yield "`${...}` is not filled in; write the value, and name a variable for a key with `api_key_env`"
