"""What a release changed against the one published before: rows, scores, settings of the recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from factory.evaluation.markdown import code, escape, plain, table
from factory.evaluation.scoreboard import NOTHING, percent

FIRST = "First release."
SHOWN_SETTINGS = 12
MAX_SHOWN_CHARACTERS = 60
MEASURES = {"accuracy": "accuracy", "macro_f1": "macro-F1"}
Json = dict[str, Any]


@dataclass(frozen=True)
class News:
    """What changed: in one line, as a section of the card of each folder, and the settings with old and new value."""

    line: str = FIRST
    sections: dict[str, str] = field(default_factory=dict)
    settings: list[tuple[str, Any, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Edition:
    """A release as it is told of: its report, the settings of its recipe, and what its version is called."""

    report: Json
    settings: Json
    name: str


def tell_news(
    old: Edition, new: Edition, differences: Mapping[tuple[str, str], Json], versions: Sequence[tuple[str, str]]
) -> News:
    """Return what changed from one release to the next.

    `differences` are those of files on the same gold rows, by student and format: measure to difference, low, high,
    p. `versions` are the names of the releases so far with the line of each, the last `old`.
    """
    settings = list(_list_differences(_name_students(old.settings), _name_students(new.settings)))
    students = list(dict.fromkeys(entry["name"] for entry in new.report["students"]))
    shared = [*_tell_rows(old.report, new.report), *_tell_settings(settings)]
    head = f"## What changed\n\n{new.name.capitalize()} follows {old.name}."
    history = "\n".join(["Before that:", "", *(f"- {name}: {escape(line)}" for name, line in reversed(versions))])
    sections = {"dataset": "\n\n".join([head, *shared, history])}
    for student in students:
        scores = list(_tell_scores(old.report, new.report, student, differences))
        sections[f"model-{student}"] = "\n\n".join([head, *scores, *shared, history])
    return News(_summarise(old.report, new.report, differences, len(settings)), sections, settings)


def _list_differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield path, old and new value of each setting that is not the same; None where there is none."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _list_differences(old.get(name), new.get(name), f"{path}.{name}".lstrip("."))
    elif old != new:
        yield path, old, new


def show(value: Any) -> str:
    """Return a setting as it is shown, on one short line."""
    text = plain(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[: MAX_SHOWN_CHARACTERS - 3]}..."


def _name_students(settings: Json) -> Json:
    """Return settings with the students by name, so that one more above does not change those below."""
    students = {student["name"]: student for student in settings.get("students") or []}
    return {**settings, "students": students}


def _tell_rows(old: Json, new: Json) -> Iterator[str]:
    before, now = ({name: split["rows"] for name, split in report["data"]["splits"].items()} for report in (old, new))
    total = old["data"]["rows"], new["data"]["rows"]
    if (before, total[0]) == (now, total[1]):
        yield f"Rows: as many as before in every split, {total[1]:,} in all."
        return
    rows = [[f"`{name}`", f"{before.get(name, 0):,}", f"{count:,}"] for name, count in now.items()]
    rows.append(["all", f"{total[0]:,}", f"{total[1]:,}"])
    yield table(["rows", "before", "now"], rows)


def _tell_settings(settings: Sequence[tuple[str, Any, Any]]) -> Iterator[str]:
    if not settings:
        yield "The recipe is the same."
        return
    lines = [f"- `{path}`: {_code(old)} → {_code(new)}" for path, old, new in settings[:SHOWN_SETTINGS]]
    more = len(settings) - SHOWN_SETTINGS
    yield "\n".join(["In the recipe:", "", *lines, *([f"- and {more} more settings"] if more > 0 else [])])


def _tell_scores(old: Json, new: Json, student: str, differences: Mapping[tuple[str, str], Json]) -> Iterator[str]:
    """Yield the scores of a student's files before and now, and their difference where the gold is the same."""
    before = {entry["format"]: entry for entry in old["students"] if entry["name"] == student}
    if not before:
        yield "This student is new."
        return
    rows: list[list[str]] = []
    for entry in new["students"]:
        if entry["name"] == student:
            measured = differences.get((student, entry["format"]), {})
            rows += _score_rows(before.get(entry["format"]), entry, measured)
    yield table(["file", "measure", "before", "now", "difference"], rows, "llrrr")
    agreement = "Agreement is each time with the held-out rows of that release."
    if any(name == student for name, _ in differences):
        yield f"Per cent with 95 % intervals; differences in points, on the same gold rows for both. {agreement}"
    elif new["gold"]:
        yield f"Per cent with 95 % intervals, not measured on the same gold rows for both. {agreement}"
    else:
        yield f"Per cent with 95 % intervals. {agreement}"


def _score_rows(before: Json | None, now: Json, measured: Json) -> Iterator[list[str]]:
    for name, shown in MEASURES.items() if now["gold"] else ():
        was = (before or {}).get("gold")
        change = points(measured[name]) if name in measured else NOTHING
        yield [now["format"], shown, percent(was[name]) if was else NOTHING, percent(now["gold"][name]), change]
    was = percent(before["agreement"]) if before else NOTHING
    yield [now["format"], "agreement", was, percent(now["agreement"]), NOTHING]


def points(difference: Json) -> str:
    """Return a difference in points with its interval."""
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(100 * difference[name] for name in ("difference", "low", "high")))


def _summarise(old: Json, new: Json, differences: Mapping[tuple[str, str], Json], settings: int) -> str:
    """Return one line for the message of a tag."""
    rows = new["data"]["rows"] - old["data"]["rows"]
    parts = [f"{new['data']['rows']:,} rows ({rows:+,})"]
    parts += [
        f"{student} accuracy {points(measured['accuracy'])}"
        for (student, format), measured in differences.items()
        if format == "safetensors"
    ]
    parts.append(f"{settings} setting{'' if settings == 1 else 's'} changed" if settings else "the same recipe")
    return "; ".join(parts)


def _code(value: Any) -> str:
    return "not set" if value is None else code(show(value))
