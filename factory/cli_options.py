"""Arguments and options that several commands have, and how each ends."""

from __future__ import annotations

from pathlib import Path

import click

recipe_argument = click.argument("path", metavar="RECIPE", type=click.Path(path_type=Path))
set_option = click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a setting.")
namespace_option = click.option("--namespace", help="User or organisation (default: the token's user).")
json_option = click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")


def show_next(command: str) -> None:
    """Print the command that a person would type next, apart from the data."""
    click.echo(f"next: {command}", err=True)
