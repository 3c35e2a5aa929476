"""`factory inspect`: look at the rows of a recipe before a student learns them, or after."""

from __future__ import annotations

from pathlib import Path

import click

from factory.cli_options import recipe_argument, set_option
from factory.recipe import Recipe


@click.command()
@recipe_argument
@set_option
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write one page for a browser.")
def inspect(path: Path, overrides: tuple[str, ...], page: Path | None) -> None:
    """Show suspicious labels, rows by label and confidence, and what was removed; asks nobody."""
    from factory.inspection.findings import inspect_recipe
    from factory.inspection.page import render_page
    from factory.inspection.text import render_text

    findings = inspect_recipe(Recipe.read(path, overrides))
    click.echo(render_text(findings))
    if page:
        page.write_text(render_page(findings), encoding="utf-8")
        click.echo(f"written: {page}", err=True)
    else:
        click.echo(f"next: factory inspect {path} --html rows.html", err=True)
