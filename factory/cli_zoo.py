"""`factory pull|ls|diff|unpublish|audit`: what is published, in and out."""

from __future__ import annotations

import json
from pathlib import Path

import click

from factory.cli_options import namespace_option, recipe_argument, set_option, show_next
from factory.errors import HubError
from factory.recipe import Recipe

format_option = click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
type_choice = click.Choice(["model", "dataset", "space"])


@click.command()
@click.argument("name", metavar="NAME[@REVISION]")
@click.option("--type", "repo_type", type=type_choice, default="model", show_default=True)
@click.option("--run/--no-run", default=True, show_default=True, help="Ask a model again about its test rows.")
@format_option
def pull(name: str, repo_type: str, run: bool, form: str) -> None:
    """Fetch a release, check its files, scores and answers, and print the folder."""
    from factory.hub.pull import pull as pull_release
    from factory.hub.target import open_target

    with open_target() as target:
        pulled = pull_release(target, name, repo_type, run=run)  # type: ignore[arg-type]  # click checks the choice
    click.echo(json.dumps(pulled.as_json()) if form == "json" else pulled.folder)
    if repo_type == "model":
        show_next(f"factory label {pulled.folder} FILE")


@click.command("ls")
@click.argument("namespace", required=False)
@format_option
def list_(namespace: str | None, form: str) -> None:
    """List the models of a NAMESPACE (default: yours) with their scores."""
    from factory.hub.target import open_target
    from factory.hub.zoo import list_zoo, render_zoo

    with open_target() as target:
        animals = list_zoo(target, namespace or target.user)
    click.echo(json.dumps([animal.as_json() for animal in animals]) if form == "json" else render_zoo(animals))
    if animals:
        show_next(f"factory report {animals[0].id}")


@click.command()
@recipe_argument
@set_option
@namespace_option
@format_option
def diff(path: Path, overrides: tuple[str, ...], namespace: str | None, form: str) -> None:
    """Show what publishing a built recipe would change: files, scores, settings."""
    from factory.hub.publish import publish
    from factory.reporting import find_report

    find_report(str(path), overrides, namespace)
    found = publish(Recipe.read(path, overrides), namespace=namespace, dry_run=True)
    click.echo(json.dumps(found.as_json()) if form == "json" else found)
    show_next(f"factory publish {path}")


@click.command()
@click.argument("name", metavar="RECIPE|NAME")
@click.option("--type", "repo_type", type=type_choice, help="Which of several repositories of that NAME.")
@click.option("--leftovers", is_flag=True, help="Of a RECIPE, only what is no longer in it.")
@click.option("--superseded-by", metavar="MODEL", help="Keep the model NAME, and name a newer one on its card.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@namespace_option
def unpublish(
    name: str, repo_type: str | None, leftovers: bool, superseded_by: str | None, yes: bool, namespace: str | None
) -> None:
    """Delete what was published, after asking."""
    from factory.hub import zoo
    from factory.hub.succession import supersede
    from factory.hub.target import open_target

    with open_target() as target:
        if Path(name).exists():
            recipe = Recipe.read(name)
            owner = namespace or recipe.publish.namespace or target.user
            repos = zoo.find_published(target, recipe, owner, only_leftovers=leftovers)
        else:
            repos = [zoo.find_repo(target, name, repo_type)]  # type: ignore[arg-type]  # click checks the choice
        if superseded_by:
            if len(repos) != 1:
                raise HubError("--superseded-by is for one model; give its NAME instead of a recipe")
            supersede(target, repos[0], superseded_by)
            return
        for repo in repos:
            click.echo(f"{repo.type} {repo.id} ({zoo.describe_use(target, repo)})")
        if not repos:
            click.echo("nothing to do")
        elif yes or click.confirm(f"Delete {'these' if len(repos) > 1 else 'this'} for good?", err=True):
            for repo in repos:
                zoo.remove(target, repo)


@click.command()
@click.argument("model")
@click.option("--gold", type=click.Path(path_type=Path), required=True, help="CSV, JSONL or Parquet with labels.")
@click.option("--text-column", default="text", show_default=True)
@click.option("--label-column", default="label", show_default=True)
@click.option("--revision", help="Branch, tag or commit.")
@format_option
def audit(model: str, gold: Path, text_column: str, label_column: str, revision: str | None, form: str) -> None:
    """Score any text classifier of a Hub on rows that you have labelled."""
    from factory.evaluation.auditing import audit_model

    found = audit_model(model, gold, text_column=text_column, label_column=label_column, revision=revision)
    click.echo(json.dumps(found.as_json()) if form == "json" else found)
