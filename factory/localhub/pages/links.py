"""What is on this Hub, so that ids and links in cards lead to the pages here instead of to another site."""

import json
import re
from urllib.parse import urlsplit

from factory.localhub.calls import Call
from factory.localhub.repos import Repo, load_repo, repo_of_row

_HUBS = {"huggingface.co", "www.huggingface.co", "hf.co"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PAGE = re.compile(r"/(?:(datasets|spaces)/)?([\w.-]+)/([\w.-]+)((?:/(?:tree|blob|resolve|commits)/.*)?)")
_COLLECTION = re.compile(r"/collections/[\w.-]+/[\w.-]+")
_TYPE_OF_KEY = {"base_model": "model", "models": "model", "datasets": "dataset"}


def find_page(call: Call, url: str) -> str | None:
    """Return the path here of a page of huggingface.co or of a Hub on loopback, None when it is not here."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    if host not in _HUBS | _LOOPBACK:
        return None
    path = urlsplit(url).path.rstrip("/")
    if host in _LOOPBACK and _COLLECTION.fullmatch(path):
        return path
    found = _PAGE.fullmatch(path)
    if found is None:
        return None
    repo = visible_repo(call, (found[1] or "models").removesuffix("s"), f"{found[2]}/{found[3]}")
    return f"/{repo.path}{found[4]}" if repo else None


def visible_repo(call: Call, repo_type: str, repo_id: str) -> Repo | None:
    """Return a repository of this Hub if the caller may see it."""
    namespace, _, name = repo_id.partition("/")
    repo = load_repo(call.store.db, repo_type, namespace, name)
    return repo if repo and repo.is_visible_to(call.account) else None


def link_of_value(call: Call, key: str, value: object) -> str | None:
    """Return the page here of what a card names under `key`, such as a base model or a dataset."""
    repo_type = _TYPE_OF_KEY.get(key)
    repo = visible_repo(call, repo_type, value) if repo_type and isinstance(value, str) else None
    return f"/{repo.path}" if repo else None


def find_related(call: Call, repo: Repo) -> list[Repo]:
    """Return the visible repositories here that name this one, or that it names, in their cards."""
    rows = call.store.db.execute(
        "SELECT * FROM repos WHERE id != ? AND instr(lower(card), ?)", (repo.id, f'"{repo.full_name.lower()}"')
    )
    own = (repo.type, repo.full_name.lower())
    found = [other for other in map(repo_of_row, rows) if own in _named(other) and other.is_visible_to(call.account)]
    found += [other for key in _named(repo) if (other := visible_repo(call, *key))]
    return sorted({other.path: other for other in found}.values(), key=lambda other: (other.type, other.full_name))


def _named(repo: Repo) -> set[tuple[str, str]]:
    """Return the types and ids, in lower case, of the repositories that a card names."""
    card = json.loads(repo.row["card"])
    named = set()
    for key, repo_type in _TYPE_OF_KEY.items():
        values = card.get(key)
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str):
                named.add((repo_type, value.lower()))
    return named
