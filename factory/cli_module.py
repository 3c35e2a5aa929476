"""`factory module`: prompts made into weights, added, scaled, taken away, and published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

share_type = click.FloatRange(0, 1, min_open=True, max_open=True)
texts_option = click.option(
    "--texts",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Texts of a module's task, one a line, given once a module (default: the test texts of its release).",
)
output_option = click.option(
    "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the new module."
)


@click.group()
def module() -> None:
    """Combine prompts that were made into weights; MODULE is a name on the Hub, NAME@REVISION, or a folder."""


@module.command()
@click.argument("names", metavar="MODULE...", nargs=-1, required=True)
@output_option
@click.option("--weights", help="Comma-separated, one a module (default: 1 each).")
@click.option("--how", type=click.Choice(["linear", "ties", "dare"]), default="linear", show_default=True)
@texts_option
@click.option("--density", type=share_type, default=0.5, show_default=True, help="Of a change, kept by ties and dare.")
def add(
    names: tuple[str, ...], output: Path, weights: str | None, how: str, files: tuple[Path, ...], density: float
) -> None:
    """Add modules of one base model into one that does the tasks of all, and show what each lost by the others."""
    _combine(names, _read_weights(weights, len(names)), output, files, how, density)


@module.command()
@click.argument("name", metavar="MODULE")
@click.argument("factor", type=float)
@output_option
@texts_option
def scale(name: str, factor: float, output: Path, files: tuple[Path, ...]) -> None:
    """Make what a module does FACTOR times as strong."""
    _combine([name], [factor], output, files)


@module.command()
@click.argument("name", metavar="MODULE")
@output_option
@texts_option
def negate(name: str, output: Path, files: tuple[Path, ...]) -> None:
    """Make a module that undoes what MODULE does."""
    _combine([name], [-1.0], output, files)


@module.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("name", metavar="OWNER/NAME")
@click.option("--private", is_flag=True)
def publish(folder: Path, name: str, private: bool) -> None:
    """Publish a combination, with a page that says what it is made of and what each task lost."""
    from factory.hub.sums import publish_sum
    from factory.hub.target import open_target

    with open_target() as target:
        click.echo(publish_sum(target, folder, name, private=private))


def _read_weights(weights: str | None, count: int) -> list[float]:
    try:
        given = [float(weight) for weight in weights.split(",")] if weights else [1.0] * count
    except ValueError as fault:
        raise click.UsageError(f"--weights is {weights!r}; give numbers with commas between them") from fault
    if len(given) != count:
        raise click.UsageError(f"--weights has {len(given)} numbers for {count} modules")
    return given


def _combine(
    names: Sequence[str],
    weights: Sequence[float],
    output: Path,
    files: Sequence[Path],
    how: str = "linear",
    density: float = 0.5,
) -> None:
    """Write a combination to `output`, and show and keep what was measured of it, or say why nothing was."""
    from factory.errors import HubError
    from factory.hub.target import open_target
    from factory.modules.arithmetic import add_modules
    from factory.modules.composition import find_module, find_texts, measure_interference, render_composition

    if files and len(files) != len(names):
        raise click.UsageError(f"--texts is given {len(files)} times for {len(names)} modules")
    with open_target() as target:
        addends = [find_module(target, name, weight) for name, weight in zip(names, weights, strict=True)]
        add_modules(addends, output, how, density)
        try:
            texts = [_read_lines(file) for file in files] or [find_texts(target, addend) for addend in addends]
            click.echo(render_composition(measure_interference(target, output, addends, texts)))
        except HubError as fault:
            if files:
                raise
            click.echo(f"not measured: {fault}", err=True)
    click.echo(output)


def _read_lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
