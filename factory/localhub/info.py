"""Repositories as `repo_info` and the listings describe them, with search, filters and pages."""

import base64
import json
from typing import Any

from starlette.responses import Response

from factory.localhub import spaces
from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.likes import count_likes
from factory.localhub.listing import next_link, pointer_size
from factory.localhub.repos import Repo, find_repo, repo_of_row
from factory.localhub.revisions import resolve_revision
from factory.localhub.store import format_seconds
from factory.localhub.trees import list_files

_PAGE = 1000
_SORT = {
    "lastModified": "updated", "last_modified": "updated", "createdAt": "created", "created_at": "created",
    "downloads": "id", "likes": "likes", "trendingScore": "id", "trending_score": "id",
}  # fmt: skip
_ALWAYS = {"_id", "id", "modelId"}


def show(call: Call) -> Response:
    """Describe a repository at a revision: `sha` and the files are what clients resolve names with."""
    repo, db = find_repo(call), call.store.db
    commit = resolve_revision(db, repo.id, call.params.get("rev", "main"))
    files = list_files(db, commit.tree)
    content = {**_describe(repo, commit.oid), "lastModified": format_seconds(commit.seconds)}
    content["likes"] = count_likes(db).get(repo.id, 0)
    content["usedStorage"] = sum({entry.sha256: entry.size for entry in files.values()}.values())
    content["siblings"] = [{"rfilename": path} for path in files]
    if call.flag("blobs"):
        content["siblings"] = [
            {
                "rfilename": path,
                "size": entry.size,
                "blobId": entry.oid,
                **(
                    {"lfs": {"sha256": entry.sha256, "size": entry.size, "pointerSize": pointer_size(entry)}}
                    if entry.lfs
                    else {}
                ),
            }
            for path, entry in files.items()
        ]
    if repo.type == "space":
        content["runtime"] = spaces.runtime(db, repo)
    return reply(_select(content, _expanded(call)))


def list_repos(call: Call) -> Response:
    """List the repositories that the caller may see and the query asks for, newest first."""
    found = find_repos(call, sort="createdAt")
    limit = call.whole_number("limit", _PAGE, highest=_PAGE)
    start = _read_cursor(call)
    likes = count_likes(call.store.db)
    page = [_list_item(call, repo, likes) for repo in found[start : start + limit]]
    more = limit and start + limit < len(found)
    return reply(page, headers=next_link(call, cursor=_cursor(start + limit)) if more else None)


def find_repos(call: Call, *, sort: str) -> list[Repo]:
    """Return the repositories of the call's type that the caller may see and the query asks for.

    They are in the order the query names, `sort` by default, the newest or highest first.
    """
    rows = call.store.db.execute("SELECT * FROM repos WHERE type = ?", (call.type,)).fetchall()
    found = [repo for repo in map(repo_of_row, rows) if repo.is_visible_to(call.account) and _matches(call, repo)]
    key = _SORT.get(call.query.get("sort", sort))
    if key is None:
        raise HubError(400, f"'sort' must be one of {', '.join(_SORT)}")
    likes = count_likes(call.store.db) if key == "likes" else {}
    found.sort(
        key=lambda repo: (likes.get(repo.id, 0) if key == "likes" else repo.row[key], repo.id),
        reverse=call.query.get("direction", "-1") != "1",
    )
    return found


def _matches(call: Call, repo: Repo) -> bool:
    query, tags = call.query, {tag.lower() for tag in json.loads(repo.row["tags"])}
    wanted = [item for value in query.getlist("filter") for item in value.split(",")]
    wanted += query.getlist("tags") + query.getlist("pipeline_tag") + query.getlist("library")
    author, name = query.get("author"), repo.full_name.lower()
    return (
        (author is None or author.lower() == repo.namespace.lower())
        and all(word.lower() in name for word in query.getlist("search"))
        and all(tag.lower() in tags or tag.lower() == str(repo.row["library_name"]).lower() for tag in wanted)
        and query.get("gated", "") in ("", str(bool(repo.gated)), str(bool(repo.gated)).lower())
    )


def _list_item(call: Call, repo: Repo, likes: dict[int, int]) -> dict[str, Any]:
    db, expand = call.store.db, _expanded(call)
    commit = resolve_revision(db, repo.id, "main")
    content = {**_describe(repo, commit.oid), "likes": likes.get(repo.id, 0)}
    full = call.flag("full")
    if full or "siblings" in expand:
        content["siblings"] = [{"rfilename": path} for path in list_files(db, commit.tree)]
    if "runtime" in expand and repo.type == "space":
        content["runtime"] = spaces.runtime(db, repo)
    if expand:
        return _select(content, expand)
    wanted = {
        "cardData": full or call.flag("cardData"),
        "config": call.flag("config"),
        "sha": full,
        "lastModified": full,
    }
    return {key: value for key, value in content.items() if wanted.get(key, True)}


def _describe(repo: Repo, sha: str) -> dict[str, Any]:
    row = repo.row
    content: dict[str, Any] = {
        "_id": f"{repo.id:024x}",
        "id": repo.full_name,
        "author": repo.namespace,
        "sha": sha,
        "lastModified": row["updated"],
        "createdAt": row["created"],
        "private": repo.private,
        "gated": repo.gated or False,
        "disabled": False,
        "downloads": 0,
        "downloadsAllTime": 0,
        "likes": 0,
        "trendingScore": 0,
        "tags": json.loads(row["tags"]),
        "cardData": json.loads(row["card"]) or None,
    }
    if repo.type == "model":
        content |= {"modelId": repo.full_name, "config": json.loads(row["config"]) or None}
        content |= {"pipeline_tag": row["pipeline_tag"], "library_name": row["library_name"]}
        content["transformersInfo"] = _transformers_info(content)
    if repo.type == "space":
        card = content["cardData"] or {}
        content |= {"sdk": card.get("sdk"), "models": card.get("models") or [], "datasets": card.get("datasets") or []}
    return {key: value for key, value in content.items() if value is not None}


def _transformers_info(content: dict[str, Any]) -> dict[str, Any] | None:
    if content["library_name"] != "transformers":
        return None
    return {"auto_model": "AutoModel", "pipeline_tag": content["pipeline_tag"]}


def _expanded(call: Call) -> set[str]:
    return {item for key in ("expand", "expand[]") for value in call.query.getlist(key) for item in value.split(",")}


def _select(content: dict[str, Any], expand: set[str]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key in expand | _ALWAYS} if expand else content


def _cursor(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode()


def _read_cursor(call: Call) -> int:
    try:
        return int(base64.urlsafe_b64decode(call.query.get("cursor", "MA==")))
    except ValueError:
        raise HubError(400, "'cursor' is not one that this Hub gave out") from None
