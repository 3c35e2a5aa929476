"""Hold the licence of a recipe against the licences and terms of what its release is made of."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from factory.errors import GateError
from factory.licensing.parts import Part, list_parts
from factory.licensing.terms import NO_DERIVATIVES, NON_COMMERCIAL, PASSED_ON, SHARE_ALIKE, find_terms
from factory.recipe import Recipe
from factory.store import Artifact

log = logging.getLogger("factory")


def review_licenses(recipe: Recipe, licenses: Mapping[str, Artifact], *, is_strict: bool = True) -> None:
    """Log what is asked or not known, and what contradicts; of that raise GateError if it `is_strict`."""
    parts = list_parts(recipe, licenses)
    for sentence in [*warn_of(recipe, parts), *list_unknown(parts)]:
        log.warning("licence: %s", sentence)
    if is_strict:
        check_licenses(recipe, parts)


def check_licenses(recipe: Recipe, parts: Sequence[Part]) -> None:
    """Return when the recipe's licence contradicts that of no part, or the recipe says why it is published all the
    same; raise GateError with each clause else."""
    found = [sentence for part in parts if (sentence := find_contradiction(recipe, part))]
    if found and not recipe.publish.accept_license_conflict:
        remedy = "change `license` or that part, or say why it may be so in publish.accept_license_conflict"
        raise GateError(f"nothing was published: {'; '.join(found)}; {remedy}")


def find_contradiction(recipe: Recipe, part: Part) -> str:
    """Return in what a part's licence contradicts that of the recipe, with the clause; empty where it does not.

    A base model must allow what is made from it to be shared as the recipe says; texts and gold must not forbid
    commercial use that the recipe allows. What is not known contradicts nothing, and what a teacher's terms ask is for
    the user to weigh.
    """
    if part.terms is None or part.role == "teacher":
        return ""
    limits, mine = part.terms.limits, find_terms(recipe.license)
    if part.role == "base model" and NO_DERIVATIVES in limits:
        return _say(part, "lets nothing that is adapted from it be shared")
    if NON_COMMERCIAL in limits and mine and NON_COMMERCIAL not in mine.limits:
        return _say(part, f"allows no commercial use, which {recipe.license} does")
    if part.role == "base model" and SHARE_ALIKE in limits and mine and recipe.license not in part.terms.under:
        allowed = " or ".join(part.terms.under)
        return _say(part, f"lets what is made from it be shared only under {allowed}, not {recipe.license}")
    return ""


def warn_of(recipe: Recipe, parts: Sequence[Part]) -> Iterator[str]:
    """Yield a sentence with the clause for each part that asks more than the recipe's licence shows."""
    for part in dict.fromkeys(replace(part, student=None) for part in parts):
        if contradiction := find_contradiction(recipe, part):
            yield contradiction
        else:
            yield from _warn(recipe, part)


def list_unknown(parts: Sequence[Part]) -> Iterator[str]:
    """Yield one sentence that names the parts of which nothing is known, if there are any."""
    unknown = dict.fromkeys(part.title for part in parts if part.terms is None)
    if unknown:
        yield f"not known here so far: the licence or the terms of {', '.join(unknown)}"


def _warn(recipe: Recipe, part: Part) -> Iterator[str]:
    terms = part.terms
    if terms is None:
        return
    if part.role == "teacher" and terms.outputs:
        whose = f"is {part.owner}'s, which asks" if part.owner else f"is under {part.license}, which asks"
        yield f"{part.title} {whose} {terms.outputs} ({terms.source})"
    if not recipe.name.replace("-", "").startswith(part.name_begins.lower().replace(" ", "")):
        asked = f"{part.title} asks for names that begin with {part.name_begins}"
        yield f"repositories are called {recipe.name}..., and {asked}"
    lasting = SHARE_ALIKE if part.role == "texts" else PASSED_ON if part.role == "base model" else None
    if lasting in terms.limits and recipe.license not in (part.license, *terms.under):
        yield f"{_say(part, f'asks {terms.asks}')}; the recipe says {recipe.license}"


def _say(part: Part, what: str) -> str:
    return f"{part.title} is under {part.license}, which {what} ({part.terms.source if part.terms else ''})"
