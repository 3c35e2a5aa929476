"""`factory teacher`: have a provider answer in batches, which take hours and cost half."""

from __future__ import annotations

from pathlib import Path

import click

from factory.cli_options import recipe_argument, set_option, show_next
from factory.data.examples import Text
from factory.recipe import Recipe


@click.group()
def teacher() -> None:
    """Ask by way of batch files, for part of the price."""


@teacher.command("export")
@recipe_argument
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--model", help="Which of several teachers.")
@set_option
def export_command(path: Path, file: Path, model: str | None, overrides: tuple[str, ...]) -> None:
    """Write the questions that have no answer yet to FILE (JSONL), as a batch for the provider."""
    from factory.spending import find_ledger
    from factory.teacher.batch_files import export_questions

    recipe = Recipe.read(path, overrides)
    made = export_questions(recipe, _read_texts(recipe), find_ledger(), file, model)
    expected = made.expected
    tokens = f"about {expected.input_tokens:,} tokens in, {expected.output_tokens:,} out"
    cost = f", ${expected.dollars:.4f} in a batch" if expected.dollars else ""
    click.echo(f"{made.written:,} questions ({tokens}{cost})")
    if made.left_out:
        click.echo(f"{made.left_out:,} questions are left out: the budget or the size of a batch ends", err=True)
    if made.written:
        show_next(f"send {file} to {recipe.name}'s provider as a batch, then: factory teacher import {path} RESULTS")
    else:
        show_next(f"factory build {path}" if not made.left_out else f"raise `budget` in {path}")


@teacher.command("import")
@recipe_argument
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@set_option
def import_command(path: Path, file: Path, overrides: tuple[str, ...]) -> None:
    """Keep the results in FILE (JSONL) as answers, at the batch price; nothing is kept twice."""
    from factory.spending import find_ledger
    from factory.teacher.batch_files import import_answers

    recipe = Recipe.read(path, overrides)
    made = import_answers(recipe, _read_texts(recipe), find_ledger(), file)
    click.echo(f"{made.answered:,} answers kept, {made.failed:,} failed, {made.known:,} were there before")
    show_next(f"factory teacher export {path} FILE, for what is still to be asked; or factory build {path}")


def _read_texts(recipe: Recipe) -> list[Text]:
    from factory.bench import Bench
    from factory.hub.fetch import Fetcher
    from factory.hub.target import factory_home, open_target
    from factory.spending import read_known_texts
    from factory.store import Store

    with open_target() as target:
        bench = Bench(recipe, Store(factory_home() / "store"), Fetcher(target))
        texts, _ = read_known_texts(recipe, bench.find_rows)
    return texts
