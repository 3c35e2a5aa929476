"""`factory serve`: a model behind HTTP."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from factory.errors import FactoryError

if TYPE_CHECKING:
    from factory.serving.server import Started


@click.command()
@click.argument("model")
@click.argument("modules", nargs=-1)
@click.option("--revision", help="Branch, tag or commit.")
@click.option("--host", default="127.0.0.1", show_default=True, help="There are no users: whoever reaches it may ask.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
def serve(model: str, modules: tuple[str, ...], revision: str | None, host: str, port: int, form: str) -> None:
    """Answer over HTTP with a MODEL pulled by name, or in a folder.

    Several MODULES of one base model are kept on one copy of it; a request names the one that answers as "model".
    """
    try:
        from factory.serving.server import serve as serve_model
    except ImportError as fault:
        raise FactoryError(f"serving needs {fault.name}; pip install 'hf-factory[serve]'") from fault

    def announce(started: Started) -> None:
        click.echo(json.dumps(asdict(started)) if form == "json" else started.endpoint)
        click.echo(f"next: open {started.endpoint}/docs", err=True)

    serve_model(model, revision, modules, host=host, port=port, ready=announce)
