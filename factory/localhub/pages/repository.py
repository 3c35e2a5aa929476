"""The page of a repository: its card, what it is made of, and how to use it."""

import json
import sqlite3
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from factory.localhub import spaces
from factory.localhub.calls import Call
from factory.localhub.demos import find_demo
from factory.localhub.pages.card import render_card
from factory.localhub.pages.facts import list_facts, list_results, list_tags
from factory.localhub.pages.links import find_related
from factory.localhub.pages.preview import preview_dataset
from factory.localhub.pages.rendering import render
from factory.localhub.pages.running import MAX_CHARACTERS, answer_text
from factory.localhub.pages.usage import show_usage
from factory.localhub.repos import Repo, find_repo
from factory.localhub.revisions import BRANCH, TAG, resolve_revision
from factory.localhub.trees import Entry, list_files

_MAX_CARD_BYTES = 2 * 2**20
_STAGES = {
    "NO_APP_FILE": "It has no app file yet.",
    "PAUSED": "It is paused.",
    "STOPPED": "This Hub keeps Spaces and does not run them.",
}


def show_repository(call: Call) -> Response:
    """Return the page of the head of main."""
    repo, db = find_repo(call), call.store.db
    frame = repository_frame(call, repo, "main")
    tree = resolve_revision(db, repo.id, "main").tree
    files = list_files(db, tree)
    values: dict[str, Any] = {
        "has_card": "README.md" in files,
        "card": _read_card(call, repo, files) if frame["is_open"] else None,
        "facts": list_facts(call, repo),
        "results": list_results(repo),
        "usage": show_usage(call, repo),
        "related": find_related(call, repo),
        "bytes": sum({entry.sha256: entry.size for entry in files.values()}.values()),
        "files": len(files),
        "answer": None,
        "preview": None,
        "stage": None,
        "demo": None,
        "max_characters": MAX_CHARACTERS,
    }
    if repo.type == "model" and frame["is_open"]:
        model_type = str(json.loads(repo.row["config"]).get("model_type"))
        values["answer"] = answer_text(call, repo, tree, files, model_type)
    if repo.type == "dataset" and frame["is_open"]:
        values["preview"] = preview_dataset(call, json.loads(repo.row["card"]), files)
    if repo.type == "space":
        stage = spaces.runtime(db, repo)["stage"]
        values["stage"] = (stage, _STAGES[stage])
        values["demo"] = find_demo(call.store.root, repo.full_name) if _is_here(call) else None
    return render(call, "repository.html", framed=values["demo"], **frame, **values)


def _is_here(call: Call) -> bool:
    """Whether the reader's browser is on this machine, as far as the name it called tells."""
    return urlsplit(call.endpoint).hostname in ("127.0.0.1", "localhost")


def repository_frame(call: Call, repo: Repo, rev: str) -> dict[str, Any]:
    """Return what the head of every page of a repository shows."""
    db = call.store.db
    return {
        "repo": repo,
        "rev": rev,
        "commit": resolve_revision(db, repo.id, rev),
        "branches": _refs(db, repo, BRANCH),
        "revision_tags": _refs(db, repo, TAG),
        "tags": list_tags(repo),
        "emoji": space_emoji(repo),
        "is_open": repo.is_open_to(call.account, db),
    }


def space_emoji(repo: Repo) -> str:
    """Return the sign that a Space's card chose, empty for all else."""
    emoji = json.loads(repo.row["card"]).get("emoji") if repo.type == "space" else None
    return emoji[:8] if isinstance(emoji, str) else ""


def _refs(db: sqlite3.Connection, repo: Repo, prefix: str) -> list[str]:
    query = "SELECT name FROM refs WHERE repo_id = ? AND substr(name, 1, ?) = ? ORDER BY name = ? DESC, name"
    rows = db.execute(query, (repo.id, len(prefix), prefix, f"{BRANCH}main"))
    return [str(name).removeprefix(prefix) for (name,) in rows]


def _read_card(call: Call, repo: Repo, files: dict[str, Entry]) -> Any:
    """Return the card's HTML, None without a card or for one too long to render."""
    entry = files.get("README.md")
    if entry is None or entry.size > _MAX_CARD_BYTES:
        return None
    return render_card(call, repo, "main", call.store.blobs.read(entry.sha256).decode(errors="replace"))
