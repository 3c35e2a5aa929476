"""The lists: what is on this Hub, of one kind or of one owner, searched without JavaScript."""

import json
from dataclasses import replace
from typing import Any

from starlette.datastructures import QueryParams
from starlette.responses import Response

from factory.localhub import collections
from factory.localhub.calls import Call
from factory.localhub.errors import HubError
from factory.localhub.info import find_repos
from factory.localhub.pages.rendering import render
from factory.localhub.pages.repository import space_emoji
from factory.localhub.repos import Repo

_KINDS = ("models", "datasets", "spaces")
_SHOWN, _PAGE = 6, 30
_MAX_QUERY_CHARACTERS = 200


def show_home(call: Call) -> Response:
    """Show the newest of every kind, of those that the search names."""
    return _overview(call, author=None)


def show_namespace(call: Call) -> Response:
    """Show what one user or organisation has here."""
    name = call.params["namespace"]
    row = call.store.db.execute("SELECT name FROM users WHERE name = ? COLLATE NOCASE", (name,)).fetchone()
    if row is None:
        raise HubError(404, "Not found")
    return _overview(call, author=row["name"])


def show_list(call: Call) -> Response:
    """Show all repositories of a kind in pages, by search and tag."""
    kind, search, tag = call.params["type"], _search(call), call.query.get("filter", "")
    found = _find(call, kind, search=search, tag=tag)
    page = call.whole_number("p", 0, highest=10**6)
    return render(
        call,
        "list.html",
        kind=kind,
        repos=_tiles(found[page * _PAGE : (page + 1) * _PAGE]),
        total=len(found),
        search=search,
        tag=tag,
        page=page,
        pages=max(1, -(-len(found) // _PAGE)),
    )


def show_collections(call: Call) -> Response:
    """Show all collections, by search."""
    search = _search(call)
    return render(call, "collections.html", collections=_collections(call, search=search), search=search)


def show_collection(call: Call) -> Response:
    """Show a collection and what it gathers."""
    found = collections.describe(call, collections.find_collection(call))
    return render(call, "collection.html", collection=found)


def _overview(call: Call, *, author: str | None) -> Response:
    search = _search(call)
    found = {kind: _find(call, kind, search=search, author=author) for kind in _KINDS}
    gathered = _collections(call, search=search, author=author)
    return render(
        call,
        "home.html",
        author=author,
        search=search,
        sections=[(kind, _tiles(repos[:_SHOWN]), len(repos)) for kind, repos in found.items()],
        collections=gathered[:_SHOWN],
        collections_total=len(gathered),
        endpoint=call.endpoint,
    )


def _search(call: Call) -> str:
    return call.query.get("search", "").strip()[:_MAX_QUERY_CHARACTERS]


def _find(call: Call, kind: str, *, search: str, author: str | None = None, tag: str = "") -> list[Repo]:
    query = [("search", word) for word in search.split()]
    query += [("author", author)] if author else []
    query += [("filter", tag)] if tag else []
    asked = replace(call, params={"type": kind}, query=QueryParams(query))
    return find_repos(asked, sort="lastModified")


def _tiles(repos: list[Repo]) -> list[tuple[Repo, str, list[str]]]:
    """Return each repository with its sign and with what tells most about it in a word or two."""
    return [(repo, space_emoji(repo), _hints(repo)) for repo in repos]


def _hints(repo: Repo) -> list[str]:
    card = json.loads(repo.row["card"])
    tasks = card.get("task_categories")
    task = repo.row["pipeline_tag"] or (tasks[0] if isinstance(tasks, list) and tasks else tasks)
    known = (task.replace("-", " ") if isinstance(task, str) else None, repo.row["library_name"], card.get("sdk"))
    return [hint[:40] for hint in known if isinstance(hint, str)]


def _collections(call: Call, *, search: str, author: str | None = None) -> list[dict[str, Any]]:
    rows = call.store.db.execute("SELECT * FROM collections ORDER BY updated DESC, id DESC").fetchall()
    visible = [row for row in rows if collections.is_visible(call.account, row)]
    found = [row for row in visible if author in (None, row["namespace"])]
    words = search.lower().split()
    matching = [row for row in found if all(word in f"{row['namespace']} {row['title']}".lower() for word in words)]
    return [collections.describe(call, row) for row in matching]
