"""The command line: parse arguments, call one function, print.

Data goes to stdout, progress and the next command to stderr. Exit codes: 0 done, 1 a FactoryError (one sentence),
2 usage, 130 Ctrl-C.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from factory import __version__
from factory.cli_compare import compare, curve
from factory.cli_hub import hub
from factory.cli_inspect import inspect
from factory.cli_module import module
from factory.cli_options import json_option, namespace_option, recipe_argument, set_option, show_next
from factory.cli_serve import serve
from factory.cli_teacher import teacher
from factory.cli_zoo import audit, diff, list_, pull, unpublish
from factory.errors import FactoryError
from factory.recipe import Recipe

FORMATS = ("human", "json", "markdown")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("factory").setLevel(logging.INFO)
    try:
        sys.exit(commands.main(arguments, prog_name="factory", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except FactoryError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; nothing that was finished is lost, run the same command to go on", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="hf-factory")
def commands() -> None:
    """From a short recipe to a small published model."""


for command in (hub, compare, curve, inspect, module, serve, teacher, pull, list_, diff, unpublish, audit):
    commands.add_command(command)


@commands.command()
@click.argument("name")
@click.option("--labels", default="positive,negative", show_default=True, help="Comma-separated.")
@click.option("--model", default="openai/gpt-oss-120b", show_default=True, help="The teacher, on the Hub's router.")
def new(name: str, labels: str, model: str) -> None:
    """Write a starter recipe NAME.yaml."""
    from factory.starter import write_starter

    path = write_starter(Path.cwd(), name, [label.strip() for label in labels.split(",")], model)
    click.echo(path)
    show_next(f"describe the labels in {path}, then: factory check {path}")


@commands.command()
@click.argument("paths", metavar="RECIPE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@set_option
def check(paths: tuple[Path, ...], overrides: tuple[str, ...]) -> None:
    """Validate recipes; name every fault with file, line and remedy."""
    from factory.licensing.checking import warn_of
    from factory.licensing.recorded import list_known_parts

    faults = []
    for path in paths:
        try:
            recipe = Recipe.read(path, overrides)
            for warning in warn_of(recipe, list_known_parts(recipe)):
                click.echo(f"{path}: licence: {warning}", err=True)
        except FactoryError as error:
            faults.append(str(error))
    if faults:
        click.echo("\n".join(faults), err=True)
        sys.exit(1)
    click.echo("\n".join(f"{path}: ok" for path in paths))
    show_next(f"factory plan {paths[0]}")


@commands.command()
@recipe_argument
@set_option
@namespace_option
@json_option
def plan(path: Path, overrides: tuple[str, ...], namespace: str | None, form: str) -> None:
    """Show which stages would run and why, and what the teacher would cost; asks nobody."""
    from factory.planning import plan as make_plan

    made = make_plan(Recipe.read(path, overrides), namespace=namespace)
    click.echo(json.dumps(made.as_json()) if form == "json" else str(made))
    show_next(f"factory build {path}")


@commands.command()
@recipe_argument
@set_option
@namespace_option
def build(path: Path, overrides: tuple[str, ...], namespace: str | None) -> None:
    """Run all stages up to the release folders; print the release's path."""
    from factory.evaluation.scoreboard import render
    from factory.pipeline import build as run_stages

    release = run_stages(Recipe.read(path, overrides), namespace=namespace)
    click.echo(render(release.report, "human"))
    click.echo(release.path)
    show_next(f"factory publish {path}")


@commands.command()
@recipe_argument
@set_option
@namespace_option
@click.option("--private", is_flag=True, default=None, help="Only you can see it.")
@click.option("--dry-run", is_flag=True, help="Show what would change on the Hub.")
@click.option("--overwrite", is_flag=True, help="Go over what people changed in the same files on the Hub.")
@click.option("--as-pull-request", is_flag=True, help="Open pull requests; let people decide.")
def publish(
    path: Path,
    overrides: tuple[str, ...],
    namespace: str | None,
    private: bool | None,
    dry_run: bool,
    overwrite: bool,
    as_pull_request: bool,
) -> None:
    """Build, check the requirements, publish, and verify by pulling back by name."""
    from factory.hub.publish import publish as publish_recipe

    published = publish_recipe(
        Recipe.read(path, overrides),
        namespace=namespace,
        private=private,
        dry_run=dry_run,
        overwrite=overwrite,
        as_pull_request=as_pull_request,
    )
    click.echo(published)
    if published.models and published.is_complete:
        show_next(f"factory label {published.models[0]} FILE")


@commands.command()
@click.argument("name", metavar="RECIPE|MODEL")
@click.option("--format", "form", type=click.Choice(FORMATS), default="human")
@set_option
@namespace_option
def report(name: str, form: str, overrides: tuple[str, ...], namespace: str | None) -> None:
    """Print the scoreboard of a built recipe or of a published model."""
    from factory.evaluation.scoreboard import render
    from factory.reporting import find_report

    click.echo(render(find_report(name, overrides, namespace), form))


@commands.command()
@click.argument("model")
@click.argument("file")
@click.option("--output", default="-", help="Where to write (default: stdout).")
@click.option("--text-column", default="text", show_default=True)
@click.option("--text-pair-column", default="text_pair", show_default=True, help="For models that read two texts.")
@click.option("--revision", help="Branch, tag or commit.")
@click.option("--task", help="Which module of a sum of modules answers (default: the first).")
def label(
    model: str,
    file: str,
    output: str,
    text_column: str,
    text_pair_column: str,
    revision: str | None,
    task: str | None,
) -> None:
    """Label CSV, JSONL, Parquet or stdin lines (-) with a model pulled by name."""
    from factory.data.labelling_files import label_file
    from factory.students.loading import load

    classify = load(model, revision, task=task)
    rows = label_file(
        classify,
        file,
        output,
        text_column=text_column,
        text_pair_column=text_pair_column if classify.reads_pairs else None,
        is_multi_label=classify.thresholds is not None,
    )
    click.echo(f"{rows} rows labelled", err=True)


@commands.command()
@click.argument("name", metavar="RECIPE|SPACE")
@click.option("--port", default=7860, show_default=True)
def demo(name: str, port: int) -> None:
    """Run the Space of a built recipe, or a published Space, on this machine."""
    from factory.hub.demo import run_demo

    run_demo(name, port=port)


@commands.command()
@click.argument("model")
@click.option("--row", "number", type=click.IntRange(min=0), required=True, help="Row of the dataset, from 0.")
@json_option
def trace(model: str, number: int, form: str) -> None:
    """Walk back from a row of the dataset to the teacher's prompt, raw reply, tokens and dollars."""
    from factory.tracing import trace_row

    found = trace_row(model, number)
    click.echo(json.dumps(found.as_json(), ensure_ascii=False) if form == "json" else str(found))


@commands.command()
@click.argument("path", metavar="[RECIPE]", type=click.Path(path_type=Path), required=False)
@json_option
def ledger(path: Path | None, form: str) -> None:
    """Show what was asked and paid, of one recipe or of all."""
    from factory.spending import find_ledger
    from factory.teacher.forecast import estimate_untold
    from factory.teacher.ledger import summarise
    from factory.teacher.statement import write_statement

    recipe = Recipe.read(path) if path else None
    name = recipe.name if recipe else None
    summary = summarise(find_ledger(), name) | {"untold": estimate_untold(find_ledger(), name)}
    price = getattr(recipe.teacher, "price", None) if recipe else None
    click.echo(json.dumps(summary) if form == "json" else write_statement(summary, price))
