"""`factory hub`: serve and administer the embedded Hub."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from factory.errors import HubError

root_option = click.option("--root", type=click.Path(path_type=Path), help="Default: FACTORY_HOME/hub.")


@click.group()
def hub() -> None:
    """A Hub on this machine that unmodified clients take for the real one."""


@hub.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=7870, show_default=True, help="0: any free one.")
@click.option("--webhook-host", multiple=True, help="A host, beside this machine, that webhooks may call.")
@click.option("--allow-remote", is_flag=True, help="Let other machines connect, over TLS or behind a proxy.")
@click.option("--tls-cert", type=click.Path(path_type=Path, exists=True), help="The certificate, PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path, exists=True), help="Its key, PEM.")
@click.option("--behind-proxy", is_flag=True, help="A proxy in front of the Hub speaks TLS.")
@root_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
def serve(
    host: str,
    port: int,
    webhook_host: tuple[str, ...],
    allow_remote: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
    root: Path | None,
    form: str,
) -> None:
    """Run the embedded Hub in the foreground."""
    from factory.localhub import errors
    from factory.localhub.pages.running import Runtime
    from factory.localhub.remote import read_remote
    from factory.localhub.server import Started, serve
    from factory.serving.pages import can_open, open_model

    def announce(started: Started) -> None:
        facts = {**asdict(started), "root": str(started.root)}
        lines = [f"export HF_ENDPOINT={started.endpoint}", f"export HF_TOKEN={started.token}"]
        click.echo(json.dumps(facts) if form == "json" else "\n".join(lines))

    try:
        serve(
            _root(root),
            host=host,
            port=port,
            ready=announce,
            webhook_hosts=webhook_host,
            runtime=Runtime(can_open, open_model),
            remote=read_remote(allow_remote, tls_cert, tls_key, behind_proxy),
        )
    except errors.HubError as refusal:
        raise HubError(refusal.message) from refusal
    except OSError as fault:
        raise HubError(f"{host}:{port} cannot be served ({fault.strerror}); choose another --port") from fault


@hub.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("repo_id")
@click.option("--type", "repo_type", type=click.Choice(["model", "dataset", "space"]), default="model")
@root_option
def import_(folder: Path, repo_id: str, repo_type: str, root: Path | None) -> None:
    """Put a FOLDER on the embedded Hub as REPO_ID."""
    click.echo(_call_admin("import_folder", _root(root), folder, repo_id, repo_type=repo_type))


@hub.command("ls")
@root_option
def list_(root: Path | None) -> None:
    """List the repositories of the embedded Hub."""
    for row in _call_admin("list_repos", _root(root)):
        visibility = "private" if row.private else "public"
        click.echo(f"{row.type:<8} {row.id:<60} {row.bytes:>13,} {visibility:<8} {row.updated}")


@hub.command()
@root_option
def verify(root: Path | None) -> None:
    """Hash every blob again and follow every reference; exit 1 if anything is wrong."""
    if problems := _call_admin("verify", _root(root)):
        raise HubError("\n".join([*problems, f"{len(problems)} problems found; publish again what is named above"]))
    click.echo("ok")


@hub.command()
@root_option
def gc(root: Path | None) -> None:
    """Remove what no repository refers to."""
    click.echo(f"{_call_admin('collect_garbage', _root(root))} bytes freed")


@hub.command()
@click.argument("target", metavar="FILE_OR_DIR", type=click.Path(path_type=Path))
@root_option
def backup(target: Path, root: Path | None) -> None:
    """Copy the Hub, which may be running, to FILE_OR_DIR: one file if it ends in .tar, else a folder."""
    _call("backup", "back_up", _root(root), target)
    click.echo(target)


@hub.command()
@click.argument("backup", type=click.Path(path_type=Path, exists=True))
@root_option
def restore(backup: Path, root: Path | None) -> None:
    """Make an empty or missing directory the Hub of a BACKUP, once every blob is hashed again."""
    _call("backup", "restore", backup, _root(root))
    click.echo(_root(root))


@hub.group()
def token() -> None:
    """Tokens of the embedded Hub; only their hashes are kept."""


@token.command("add")
@click.option("--user", default="local", show_default=True)
@click.option("--role", type=click.Choice(["read", "write"]), default="read", show_default=True)
@click.option("--repo", "repos", multiple=True, help="NAMESPACE/NAME; repeat it. Default: all that the user may see.")
@click.option("--expires", metavar="DAYSd", help="Such as 30d. Default: never.")
@root_option
def add_token(user: str, role: str, repos: tuple[str, ...], expires: str | None, root: Path | None) -> None:
    """Give a user another token and print it."""
    seconds = _read_days(expires)
    click.echo(_call_admin("add_token", _root(root), user, role=role, repos=repos or None, seconds=seconds))


@token.command("list")
@root_option
def list_tokens(root: Path | None) -> None:
    """List the tokens by the start of their hash."""
    for row in _call_admin("list_tokens", _root(root)):
        repos = ",".join(row.repos) if row.repos else "all"
        click.echo(f"{row.id}  {row.user:<20} {row.role:<5}  {row.expires or 'never':<10}  {repos}")


@token.command()
@click.argument("token_id")
@root_option
def revoke(token_id: str, root: Path | None) -> None:
    """Revoke the token whose id `token list` shows."""
    _call_admin("revoke", _root(root), token_id)


@hub.group()
def user() -> None:
    """Users of the embedded Hub."""


@user.command("add")
@click.argument("name")
@click.option("--token", help="Default: a fresh one.")
@click.option("--role", type=click.Choice(["read", "write"]), default="write", show_default=True)
@root_option
def add_user(name: str, token: str | None, role: str, root: Path | None) -> None:
    """Add a user (or another token) and print the token, which is not kept in clear."""
    click.echo(_call_admin("add_user", _root(root), name, token=token, role=role))


@hub.group()
def org() -> None:
    """Organisations of the embedded Hub."""


@org.command("add")
@click.argument("name")
@click.option("--member", "members", multiple=True, metavar="USER:ROLE", help="A role is read, write or admin.")
@click.option("--full-name", help="Default: NAME.")
@click.option("--private", is_flag=True, help="What is created in it is private unless asked otherwise.")
@root_option
def add_organization(
    name: str, members: tuple[str, ...], full_name: str | None, private: bool, root: Path | None
) -> None:
    """Add an organisation, or members to one that exists."""
    roles = {user: role for user, _, role in (member.partition(":") for member in members)}
    _call_admin("add_organization", _root(root), name, members=roles, full_name=full_name, private=private)


def _call_admin(name: str, *arguments: Any, **options: Any) -> Any:
    return _call("admin", name, *arguments, **options)


def _call(module: str, name: str, *arguments: Any, **options: Any) -> Any:
    """Call a function of a module of `factory.localhub`; its refusals become a HubError."""
    try:
        from factory.localhub import errors

        function = getattr(import_module(f"factory.localhub.{module}"), name)
    except ImportError as fault:
        raise HubError(f"the embedded Hub needs {fault.name}; pip install 'hf-factory[hub]'") from fault
    try:
        return function(*arguments, **options)
    except (errors.HubError, FileNotFoundError) as fault:
        raise HubError(str(fault)) from fault


def _read_days(text: str | None) -> float | None:
    if text is None:
        return None
    if not text.removesuffix("d").isdecimal() or int(text.removesuffix("d")) == 0:
        raise HubError(f"--expires {text} is not a number of days: write it as 30d")
    return int(text.removesuffix("d")) * 86_400.0


def _root(root: Path | None) -> Path:
    from factory.hub.target import factory_home

    return root or factory_home() / "hub"
