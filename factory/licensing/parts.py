"""What a release is made of, each part with its licence as far as that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from factory.evaluation.report import name_base_model
from factory.hub.licenses import read_license
from factory.licensing.terms import Terms, find_family, find_terms
from factory.recipe import HttpTeacher, LocalTeacher, Recipe, TeacherSettings
from factory.recipe_data import Texts
from factory.recipe_students import Based
from factory.store import Artifact

Role = Literal["base model", "texts", "gold", "teacher"]
OWN_NAME = ("other", "unknown")  # ids that say nothing: the card has a name of the licence's own, or none
Json = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One part; `license` is empty where none is known, `terms` None where what it asks is not known here.

    `owner` is whose the terms are where they are no licence, `link` where a card says that the licence is, `ids` how
    a Hub calls it.
    """

    role: Role
    name: str
    license: str = ""
    terms: Terms | None = None
    owner: str = ""
    link: str = ""
    student: str | None = None
    ids: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"the {self.role} {self.name}"

    @property
    def asked(self) -> str:
        """What its terms ask of a release that has it; of a teacher, of models that learned from its answers."""
        if self.terms is None:
            return ""
        return self.terms.outputs if self.role == "teacher" else self.terms.asks

    @property
    def shown(self) -> str:
        """The words that its terms ask a card to show."""
        return self._find(self.terms.shown) if self.terms else ""

    @property
    def name_begins(self) -> str:
        """How its terms ask a name to begin."""
        return self._find(self.terms.name_begins) if self.terms else ""

    def as_json(self) -> Json:
        """Return one item of `licenses` in provenance.json and in `factory plan --format json`."""
        return {
            "part": self.role,
            "name": self.name,
            "license": self.license or None,
            "asks": self.asked or None,
            "source": self.terms.source if self.terms else None,
        }

    def _find(self, words: str) -> str:
        """Return words that are asked for; of rows none are."""
        return words if self.role in ("base model", "teacher") and words in self.asked else ""


def list_parts(recipe: Recipe, licenses: Mapping[str, Artifact]) -> list[Part]:
    """Return the base models, texts, gold and teachers of a recipe; `licenses` as `find_licenses` returns them."""
    return [*_list_bases(recipe, licenses), *_list_rows(recipe, licenses), *_list_teachers(recipe, licenses)]


def _list_bases(recipe: Recipe, licenses: Mapping[str, Artifact]) -> Iterator[Part]:
    for student in recipe.students:
        if isinstance(student, Based):
            stated = _read(licenses.get(f"model {student.base_model}"))
            yield _make("base model", name_base_model(student.base_model), stated, student.name)


def _list_rows(recipe: Recipe, licenses: Mapping[str, Artifact]) -> Iterator[Part]:
    given: dict[Role, Texts | None] = {"texts": recipe.texts, "gold": recipe.gold}
    for role, rows in given.items():
        if rows:
            stated = {"license": rows.license} if rows.license else _read(licenses.get(f"dataset {rows.dataset}"))
            yield _make(role, rows.dataset or str(rows.file), stated)


def _list_teachers(recipe: Recipe, licenses: Mapping[str, Artifact]) -> Iterator[Part]:
    for teacher in recipe.all_teachers:
        if isinstance(teacher, LocalTeacher):
            yield _make("teacher", name_base_model(teacher.local), _read(licenses.get(f"model {teacher.local}")))
        else:
            yield _find_teacher(teacher)


def _find_teacher(teacher: TeacherSettings) -> Part:
    """Return a teacher that is known by its model's name or its server's address."""
    name = str(getattr(teacher, "model", ""))
    host = urlsplit(teacher.base_url).hostname or "" if isinstance(teacher, HttpTeacher) else ""
    family = find_family(name, host)
    if family is None:
        return Part("teacher", name)
    if family.terms:
        return Part("teacher", name, terms=family.terms, owner=family.owner)
    return Part("teacher", name, family.license, find_terms(family.license))


def _make(role: Role, name: str, stated: Json, student: str | None = None) -> Part:
    """Return a part by what its card says; a licence of several names is not looked up."""
    given = stated.get("license") or []
    ids = tuple(map(str, given if isinstance(given, list) else [given]))
    license_id, link = " and ".join(ids), str(stated.get("license_link") or "")
    if license_id in OWN_NAME:
        license_id = str(stated.get("license_name") or "")
    return Part(role, name, license_id, find_terms(license_id), "", link, student, ids)


def _read(stated: Artifact | None) -> Json:
    if stated is None:
        return {}
    return read_license(stated.path if stated.path.is_file() else stated.path / "license.json")
