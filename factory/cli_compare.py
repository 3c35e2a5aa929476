"""`factory compare` and `factory curve`: what the students of recipes are worth, and what more rows would bring."""

from __future__ import annotations

from pathlib import Path

import click

from factory.cli_options import set_option, show_next
from factory.recipe import Recipe

recipe_type = click.Path(path_type=Path)
format_option = click.option("--format", "form", type=click.Choice(["human", "json", "markdown"]), default="human")
output_option = click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder to write numbers, page and pictures to."
)


@click.command()
@click.argument("paths", metavar="RECIPE...", nargs=-1, required=True, type=recipe_type)
@click.option("--reference", default="full", show_default=True, help="Student or method to compare with.")
@set_option
@format_option
@output_option
def compare(
    paths: tuple[Path, ...], reference: str, overrides: tuple[str, ...], form: str, output: Path | None
) -> None:
    """Train the students of recipes at every learning rate and seed; compare them on gold."""
    from factory.comparing.rendering import render
    from factory.comparing.results import write_results
    from factory.comparing.running import compare_recipes

    comparison = compare_recipes([Recipe.read(path, overrides) for path in paths], reference)
    if output:
        write_results(comparison, output)
    click.echo(render(comparison, form))
    show_next(f"open {output}/table.md" if output else f"factory compare {' '.join(map(str, paths))} --output FOLDER")


@click.command()
@click.argument("path", metavar="RECIPE", type=recipe_type)
@set_option
@format_option
@output_option
def curve(path: Path, overrides: tuple[str, ...], form: str, output: Path | None) -> None:
    """Train on an eighth, a quarter, a half and all of the rows; show what more rows bring."""
    from factory.comparing.rendering import render_curve
    from factory.comparing.results import write_curve
    from factory.comparing.running import trace_recipe

    traced = trace_recipe(Recipe.read(path, overrides))
    if output:
        write_curve(traced, output)
    click.echo(render_curve(traced, form))
    show_next(f"open {output}/curve.md" if output else f"factory curve {path} --output FOLDER")
