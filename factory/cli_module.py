"""`factory module`: prompts made into weights, added, scaled and taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

share_type = click.FloatRange(0, 1, min_open=True, max_open=True)
TEXTS = "Texts of a module's task, one a line; given once a module, what each lost by the others is shown."
folder_type = click.Path(path_type=Path, exists=True, file_okay=False)
output_option = click.option(
    "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the new module."
)


@click.group()
def module() -> None:
    """Combine prompts that were made into weights."""


@module.command()
@click.argument("folders", metavar="MODULE...", nargs=-1, required=True, type=folder_type)
@output_option
@click.option("--weights", help="Comma-separated, one a module (default: 1 each).")
@click.option("--how", type=click.Choice(["linear", "ties", "dare"]), default="linear", show_default=True)
@click.option("--texts", "files", multiple=True, type=click.Path(path_type=Path, exists=True), help=TEXTS)
@click.option("--density", type=share_type, default=0.5, show_default=True, help="Of a change, kept by ties and dare.")
def add(
    folders: tuple[Path, ...], output: Path, weights: str | None, how: str, files: tuple[Path, ...], density: float
) -> None:
    """Add the modules in several folders, of one base model, into one that does the tasks of all."""
    from factory.modules.arithmetic import add_modules

    given = [float(weight) for weight in weights.split(",")] if weights else [1.0] * len(folders)
    if len(given) != len(folders):
        raise click.UsageError(f"--weights has {len(given)} numbers for {len(folders)} modules")
    if files and len(files) != len(folders):
        raise click.UsageError(f"--texts is given {len(files)} times for {len(folders)} modules")
    about = add_modules(folders, given, output, how, density)
    if files:
        _show_interference(about, output, folders, files)
    click.echo(output)


@module.command()
@click.argument("folder", metavar="MODULE", type=folder_type)
@click.argument("factor", type=float)
@output_option
def scale(folder: Path, factor: float, output: Path) -> None:
    """Make what a module does FACTOR times as strong."""
    from factory.modules.arithmetic import scale_module

    scale_module(folder, factor, output)
    click.echo(output)


@module.command()
@click.argument("folder", metavar="MODULE", type=folder_type)
@output_option
def negate(folder: Path, output: Path) -> None:
    """Make a module that undoes what MODULE does."""
    from factory.modules.arithmetic import scale_module

    scale_module(folder, -1.0, output)
    click.echo(output)


def _show_interference(
    about: dict[str, Any], output: Path, folders: tuple[Path, ...], files: tuple[Path, ...]
) -> None:
    """Print what each task lost by the company of the others, on texts of its own."""
    from factory.hub.target import open_target
    from factory.modules.composition import measure_composition, render_composition
    from factory.modules.loading import find_base

    texts = [[line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()] for file in files]
    with open_target() as target:
        base = find_base(target, about["base"]["name"], about["base"]["revision"])
    click.echo(render_composition(measure_composition(output, folders, texts, base)))
