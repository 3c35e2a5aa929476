"""Draw a comparison: validation score against learning rate, gold score against size, gold score against rows.

Pictures have no background and mid-grey writing, so that they read on white and on black, and equal numbers give equal
bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.comparing.claims import METRIC
from factory.evaluation.markdown import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Json = dict[str, Any]
Label = tuple[float, float, str, str]
COLOURS = (
    "#1f83c4", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#b8693d", "#7f9c2e", "#c2385b",
)  # fmt: skip
GREY = "#808080"
STYLE: Any = {
    "svg.hashsalt": "hf-factory",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "grid.alpha": 0.25,
    "grid.color": GREY,
    "savefig.transparent": True,
    "text.parse_math": False,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), GREY),
}
LINE_HEIGHT = 0.055


def save_learning_rates(task: Json, path: Path) -> None:
    """Write the validation scores of a task by learning rate: dots are runs, lines their means, rings the choices."""
    with _picture(path) as (axes,):
        axes.set(xscale="log", xlabel="peak learning rate", ylabel="macro-F1 on validation rows (%)")
        axes.set_title(plain(task["name"]))
        labels = [_draw_rates(axes, it, _colour(number)) for number, it in enumerate(task["students"]) if it["lr"]]
        rates = sorted({run["lr"] for it in task["students"] for run in it["validation"] if run["lr"]})
        _mark(axes, rates, [f"{rate:.0e}".replace("e-0", "e-") for rate in rates])
        for number, it in enumerate(task["students"]):
            if not it["lr"]:
                labels.append(_draw_level(axes, it, _colour(number)))
        _write_beside(axes, labels)


def save_sizes(task: Json, path: Path) -> None:
    """Write the gold scores of a task with their intervals by size of weights; equal sizes stand side by side."""
    with _picture(path) as (axes,):
        axes.set(xscale="log", xlabel="size of the weights (MB)", ylabel="macro-F1 on gold (%)")
        axes.set_title(plain(task["name"]))
        place, labels = 0.0, []
        colours = {it["name"]: _colour(number) for number, it in enumerate(task["students"])}
        for it in sorted(task["students"], key=lambda it: (it["bytes"], it["gold"][METRIC]["value"], it["name"])):
            place = max(it["bytes"] / 1e6, place * 1.08)
            labels.append(_draw_scores(axes, [place], [it["gold"][METRIC]], it["name"], colours[it["name"]]))
        sizes = sorted({it["bytes"] / 1e6 for it in task["students"]})
        _mark(axes, sizes, [f"{size:,.3g}" for size in sizes])
        axes.set_xlim(right=place * 1.3)
        _draw_teacher(axes, task)
        _write_by_group(axes, labels)


def save_curve(curve: Json, path: Path) -> None:
    """Write the gold scores by rows trained on and, where that is known, by what the teacher's answers cost."""
    measures = {"rows": "training rows", "dollars": "teacher's answers (US dollars)"}
    points = [point for it in curve["students"] for point in it["points"]]
    known = [name for name in measures if all(point[name] for point in points)]
    with _picture(path, len(known)) as panels:
        panels[0].set_ylabel("macro-F1 on gold (%)")
        panels[0].set_title(plain(curve["task"]))
        for axes, name in zip(panels, known, strict=True):
            axes.set(xscale="log", xlabel=measures[name])
            labels = []
            for number, it in enumerate(curve["students"]):
                places, scores = zip(*((point[name], point["gold"][METRIC]) for point in it["points"]), strict=True)
                labels.append(_draw_scores(axes, places, scores, it["name"], _colour(number)))
            ticks = sorted({point[name] for point in points})
            _mark(axes, ticks, [f"{tick:,.2f}" if name == "dollars" else f"{tick:,}" for tick in ticks])
            _draw_teacher(axes, curve)
        _write_beside(panels[-1], labels)


@contextmanager
def _picture(path: Path, panels: int = 1) -> Iterator[Sequence[Axes]]:
    """Yield that many panels with a common y axis, then write them; neither date nor version is written."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.0 if panels == 1 else 8.0, 3.8))
        yield figure.subplots(1, panels, sharey=True, squeeze=False)[0]
        metadata = {"Date": None, "Creator": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, bbox_inches="tight", dpi=150, metadata=metadata)


def _draw_rates(axes: Axes, student: Json, colour: str) -> Label:
    runs = [run for run in student["validation"] if run["method"] == student["method"]]
    means = {
        rate: _mean([run[METRIC] for run in runs if run["lr"] == rate]) for rate in sorted({it["lr"] for it in runs})
    }
    axes.plot(
        [run["lr"] for run in runs], [100 * run[METRIC] for run in runs], ".", color=colour, alpha=0.5, ms=5, mew=0
    )
    axes.plot(list(means), list(means.values()), color=colour, lw=1.5)
    axes.plot(student["lr"], means[student["lr"]], "o", color=colour, mfc="none", ms=9)
    last = max(means)
    return last, means[last], student["name"], colour


def _draw_level(axes: Axes, student: Json, colour: str) -> Label:
    """Draw the score of a student that has no learning rate, as a line across."""
    level = _mean([run[METRIC] for run in student["validation"] if run["method"] == student["method"]])
    axes.axhline(level, color=colour, lw=1.2, ls=":")
    return axes.get_xlim()[1], level, student["name"], colour


def _draw_scores(axes: Axes, places: Sequence[float], scores: Sequence[Json], name: str, colour: str) -> Label:
    values = [100 * score["value"] for score in scores]
    beyond = [
        [value - 100 * score["low"] for value, score in zip(values, scores, strict=True)],
        [100 * score["high"] - value for value, score in zip(values, scores, strict=True)],
    ]
    axes.errorbar(places, values, yerr=beyond, color=colour, marker="o", ms=5, lw=1.5, elinewidth=1, capsize=2)
    return places[-1], values[-1], name, colour


def _draw_teacher(axes: Axes, task: Json) -> None:
    if teacher := task["teacher"]:
        level = 100 * teacher[METRIC]["value"]
        text = (
            "teacher"
            if teacher["rows"] == task["rows"]
            else f"teacher, on {teacher['rows']:,} of {task['rows']:,} rows"
        )
        axes.axhline(level, color=GREY, lw=1.2, ls="--")
        axes.annotate(
            text, (0, level), (2, 3), xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=8
        )


def _mark(axes: Axes, places: Sequence[float], texts: Sequence[str]) -> None:
    """Mark values on a log axis; of those that would overlap, the first."""
    axes.set_xlim(places[0] / 1.3, places[-1] * 1.3)
    across, kept = _across(axes, places), list[int]()
    for number, _ in enumerate(places):
        if not kept or across[number] - across[kept[-1]] > 0.08:
            kept.append(number)
    axes.set_xticks([places[number] for number in kept], [texts[number] for number in kept])
    axes.minorticks_off()


def _write_beside(axes: Axes, labels: Sequence[Label], beside: float = 1.0) -> None:
    """Write names to the right of `beside` in a panel, each tied to its point, apart where points are close."""
    to_panel = axes.transData + axes.transAxes.inverted()
    heights = [to_panel.transform((x, y))[1] for x, y, *_ in labels]
    order = sorted(range(len(labels)), key=lambda number: heights[number])
    for number, height in zip(order, _spread([heights[number] for number in order]), strict=True):
        x, y, name, colour = labels[number]
        axes.annotate(
            plain(name), (x, y), (beside + 0.03, height), textcoords="axes fraction", color=colour, va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "alpha": 0.5, "shrinkA": 1, "shrinkB": 4},
        )  # fmt: skip


def _write_by_group(axes: Axes, labels: Sequence[Label]) -> None:
    """Write names beside the points that they belong to, those together that are close across."""
    across = _across(axes, [x for x, *_ in labels])
    start = 0
    for number in range(1, len(labels) + 1):
        if number == len(labels) or across[number] - across[number - 1] > 0.2:
            _write_beside(axes, labels[start:number], across[number - 1])
            start = number


def _across(axes: Axes, places: Sequence[float]) -> list[float]:
    """Return how far across a panel the values lie, from 0 to 1."""
    to_panel = axes.transData + axes.transAxes.inverted()
    return [float(to_panel.transform((place, axes.get_ylim()[0]))[0]) for place in places]


def _spread(heights: Sequence[float]) -> list[float]:
    """Return rising heights at least a line apart, as near to those given as pushing up and then down allows."""
    pushed: list[float] = []
    for height in heights:
        pushed.append(max(height, pushed[-1] + LINE_HEIGHT) if pushed else height)
    excess = max(0.0, pushed[-1] - 1) if pushed else 0.0
    return [height - excess / 2 for height in pushed]


def _mean(scores: Sequence[float]) -> float:
    return 100 * sum(scores) / len(scores)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
