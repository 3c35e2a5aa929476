"""What a build would do, and why, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.recipe import Recipe
from factory.store import Artifact, Stage, Store, describe, digest_of

if TYPE_CHECKING:
    from factory.bench import Bench

MAX_CHANGES = 8  # more than these, and the earlier run was of another recipe
SHOWN_CHANGES = 3
UNITS = ("calls", "input_tokens", "output_tokens", "dollars")


@dataclass(frozen=True)
class Step:
    """One stage of a build: done before, or to run for a reason."""

    name: str
    cached: bool
    why: str
    seconds: float | None


@dataclass
class Plan:
    """The stages in order, what the teacher is expected to cost, and what is tried for each student."""

    steps: list[Step] = field(default_factory=list)
    teacher: dict[str, Any] = field(default_factory=dict)
    runs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    licenses: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the document of `factory plan --format json`; `seconds` adds up what earlier runs took."""
        stages = [
            {"name": step.name, "status": "cached" if step.cached else "to-run", "why": step.why}
            for step in self.steps
        ]
        seconds = sum(step.seconds or 0 for step in self.steps if not step.cached)
        runs = [{"student": name, **settings} for name, settings in self.runs]
        licenses = {"licenses": self.licenses, "warnings": self.warnings}
        return {"stages": stages, "teacher": self.teacher, "seconds": round(seconds, 1), "runs": runs, **licenses}

    def __str__(self) -> str:
        width = max(len(step.name) for step in self.steps)
        rows = [f"{step.name:<{width}}  {'cached' if step.cached else 'to run':<6}  {step.why}" for step in self.steps]
        calls, dollars = self.teacher["calls"], self.teacher["dollars"]
        cost = f"about ${dollars:.4f}" if dollars else "no cost known"
        missing = [f"not counted, as it is not fetched yet: {name}" for name in self.teacher["uncounted"]]
        tokens = f"{self.teacher['input_tokens']:,} tokens in, {self.teacher['output_tokens']:,} out"
        tried = [f"{name}: {', '.join(f'{key} {value}' for key, value in run.items())}" for name, run in self.runs]
        said = [f"licence: {warning}" for warning in self.warnings]
        rounds = [
            f"round {one['round']}, {one['asked']}: at most {one['calls']:,} calls"
            for one in self.teacher.get("rounds", [])
        ]
        told = f"teacher: {calls:,} calls, {tokens}, {cost}"
        return "\n".join([*rows, "", *tried, *rounds, told, *missing, *said])


class Planner(Store):
    """A store that runs nothing: a stage that would run yields an artifact that does not exist yet."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.steps: list[Step] = []
        self._seen: set[Path] = set()

    def __call__(self, stage: Stage, *inputs: Any) -> Artifact:
        """Return the finished artifact, or a stand-in for the one that would be made."""
        manifest = describe(stage, inputs)
        folder = self.folder(manifest)
        found = self.look_up(folder)
        if folder not in self._seen:
            self._seen.add(folder)
            self.steps.append(self._describe(manifest, is_cached=found is not None))
        return found or Artifact(folder / "out", f"not made yet: {stage.__name__} {digest_of(manifest)[:20]}")

    def _describe(self, manifest: dict[str, Any], *, is_cached: bool) -> Step:
        earlier = None if is_cached else self._nearest(manifest)
        why = "" if is_cached else _explain(manifest, earlier)
        return Step(manifest["stage"], is_cached, why, (earlier or {}).get("seconds"))

    def _nearest(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        """Return the earlier run of the same stage whose inputs differ least; of equals, the newest."""
        return min(
            self.manifests(manifest["stage"]),
            key=lambda earlier: len(list(_differences(earlier["inputs"], manifest["inputs"]))),
            default=None,
        )


def plan(recipe: Recipe, *, namespace: str | None = None) -> Plan:
    """Return the stages of `recipe` with their state, and a forecast of the teacher's calls; asks nobody."""
    from factory.bench import Bench
    from factory.hub.fetch import Fetcher
    from factory.hub.target import factory_home, open_target
    from factory.licensing.checking import list_unknown, warn_of
    from factory.licensing.recorded import list_known_parts
    from factory.pipeline import run_stages
    from factory.spending import forecast_teacher

    planner = Planner(factory_home() / "store")
    with open_target() as target:
        run_stages(recipe, planner, target, namespace)
        bench = Bench(recipe, Planner(planner.root), Fetcher(target))
        teacher = _add_rounds(bench, forecast_teacher(recipe, bench.find_rows))
        parts = list_known_parts(recipe)
        warnings = [*warn_of(recipe, parts), *list_unknown(parts)]
        licenses = [part.as_json() for part in parts]
        return Plan(planner.steps, teacher, list_runs(recipe), licenses, warnings)


def _add_rounds(bench: Bench, teacher: dict[str, Any]) -> dict[str, Any]:
    """Return the forecast with the rounds of `improve` in its sums, and one by one as `rounds`; without any, as is."""
    from factory.improving.costs import forecast_rounds
    from factory.pipeline import gather_rows

    if bench.recipe.improve is None or not (improved := gather_rows(bench).improved):
        return teacher
    rounds = list(forecast_rounds(bench.recipe, improved.aimed, improved.control))
    sums = {name: teacher[name] + sum(one[name] for one in rounds) for name in UNITS}
    return {**teacher, **sums, "rounds": rounds}


def list_runs(recipe: Recipe) -> list[tuple[str, dict[str, Any]]]:
    """Return each student's name and each run that is tried for it: derived values, and what is not the default."""
    return [(student.name, run.identity) for student in recipe.students for run in student.runs(recipe.effort)]


def _explain(manifest: dict[str, Any], earlier: dict[str, Any] | None) -> str:
    if earlier is None:
        return "has not run before"
    if earlier["version"] != manifest["version"]:
        return f"version {earlier['version']} -> {manifest['version']}"
    changes = list(_differences(earlier["inputs"], manifest["inputs"]))
    if len(changes) > MAX_CHANGES:
        return "has not run on anything like this before"
    more = [f"and {len(changes) - SHOWN_CHANGES} more"] if len(changes) > SHOWN_CHANGES else []
    return "; ".join([*changes[:SHOWN_CHANGES], *more]) or "files are damaged"


def _differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict) and "artifact" not in new:
        for name in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(name), new.get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(before, after, f"{path}.{number}")
    elif old != new:
        yield f"{path} {_change(old, new)}"


def _change(old: Any, new: Any) -> str:
    if isinstance(new, dict) and "artifact" in new:
        made = str(new["artifact"])
        return f"waits for {made.split()[3]}" if made.startswith("not made yet") else "has other content"
    return f"{_short(old)} -> {_short(new)}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
