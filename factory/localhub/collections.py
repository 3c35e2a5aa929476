"""Collections: titled lists of repositories that keep their address when the title changes."""

import re
import secrets
import sqlite3
import unicodedata
from typing import Any

from starlette.responses import Response

from factory.localhub.accounts import Account
from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError, not_implemented
from factory.localhub.listing import next_link
from factory.localhub.repos import load_repo
from factory.localhub.store import timestamp

THEMES = ("orange", "blue", "green", "purple", "pink", "indigo")
_PAGE, _MAX_ITEMS = 100, 1000
_MAX_TITLE, _MAX_DESCRIPTION, _MAX_NOTE = 60, 150, 500


def create(call: Call) -> Response:
    """Create a collection; one of the same title in the namespace is a 409 that names it."""
    body, title = call.json(), call.text("title").strip()
    namespace = call.text("namespace", call.user().name)
    call.writer(namespace)
    _check_texts(title, body)
    slug = f"{_slugify(title)}-{secrets.token_hex(12)}"
    with call.store.transaction() as db:
        same = db.execute("SELECT * FROM collections WHERE namespace = ? AND title = ?", (namespace, title)).fetchone()
        if same is not None:
            raise HubError(409, "A collection of that title exists already", slug=f"{namespace}/{same['slug']}")
        count = db.execute("SELECT count(*) FROM collections WHERE namespace = ?", (namespace,)).fetchone()[0]
        db.execute(
            "INSERT INTO collections (namespace, slug, title, description, private, theme, position, updated) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                namespace,
                slug,
                title,
                body.get("description"),
                bool(body.get("private")),
                THEMES[0],
                count,
                timestamp(),
            ),
        )
    call.params.update(namespace=namespace, slug=slug)
    return show(call)


def show(call: Call) -> Response:
    return reply(describe(call, find_collection(call)))


def list_collections(call: Call) -> Response:
    """List the collections that the caller may see, of one owner or with one item when asked."""
    rows = call.store.db.execute("SELECT * FROM collections ORDER BY updated DESC, id DESC").fetchall()
    owner, item = call.query.get("owner"), call.query.get("item")
    visible = (row for row in rows if is_visible(call.account, row) and owner in (None, row["namespace"]))
    described = [describe(call, row) for row in visible]
    for collection in described:
        del collection["position"]  # clients number the list themselves
    if item is not None:
        described = [c for c in described if item in {f"{i['type']}s/{i['id']}" for i in c["items"]}]
    start = call.whole_number("cursor", 0, highest=10**6)
    limit = call.whole_number("limit", _PAGE, highest=_PAGE) or 1
    more = start + limit < len(described)
    return reply(described[start : start + limit], headers=next_link(call, cursor=start + limit) if more else None)


def change(call: Call) -> Response:
    """Change a collection's title, description, theme, position or visibility; its id stays in the slug."""
    row, body = find_collection(call, write=True), call.json()
    title = call.text("title", row["title"]).strip()
    _check_texts(title, body)
    theme = body.get("theme", row["theme"])
    if theme not in THEMES:
        raise HubError(400, f"'theme' must be one of {', '.join(THEMES)}")
    slug = f"{_slugify(title)}-{row['slug'].rsplit('-', 1)[-1]}"
    private, position = body.get("private", row["private"]), _position(body, row["position"])
    with call.store.transaction() as db:
        db.execute(
            "UPDATE collections SET title = ?, slug = ?, description = ?, private = ?, theme = ?, position = ?, "
            "updated = ? WHERE id = ?",
            (
                title,
                slug,
                body.get("description", row["description"]),
                bool(private),
                theme,
                position,
                timestamp(),
                row["id"],
            ),
        )
    return reply({"success": True, "data": describe(call, find_collection(call))})


def delete(call: Call) -> Response:
    row = find_collection(call, write=True)
    with call.store.transaction() as db:
        db.execute("DELETE FROM collections WHERE id = ?", (row["id"],))
    return reply({"success": True})


def add_item(call: Call) -> Response:
    """Append a repository or collection that exists; twice is a 409."""
    row, body = find_collection(call, write=True), call.json()
    item = body.get("item")
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not isinstance(item.get("type"), str):
        raise HubError(400, "'item' needs an id and a type")
    _check_texts(row["title"], body)
    name = _existing(call, item["type"], item["id"])
    with call.store.transaction() as db:
        count = db.execute("SELECT count(*) FROM collection_items WHERE collection_id = ?", (row["id"],)).fetchone()[0]
        if count >= _MAX_ITEMS:
            raise HubError(400, f"A collection holds at most {_MAX_ITEMS} items")
        added = db.execute(
            "INSERT OR IGNORE INTO collection_items (collection_id, type, item, note, position) "
            "VALUES (?, ?, ?, ?, ?)",
            (row["id"], item["type"], name, body.get("note"), count),
        )
        if added.rowcount == 0:
            raise HubError(409, f"The collection has {name} already")
        _touch(db, row)
    return show(call)


def change_item(call: Call) -> Response:
    """Change an item's note or move it to a position."""
    row, body = find_collection(call, write=True), call.json()
    item = _find_item(call, row)
    _check_texts(row["title"], body)
    with call.store.transaction() as db:
        db.execute("UPDATE collection_items SET note = ? WHERE id = ?", (body.get("note", item["note"]), item["id"]))
        others = [other["id"] for other in _items(db, row) if other["id"] != item["id"]]
        others.insert(_position(body, item["position"]), item["id"])
        db.executemany("UPDATE collection_items SET position = ? WHERE id = ?", list(enumerate(others)))
        _touch(db, row)
    return reply({"success": True})


def delete_item(call: Call) -> Response:
    row = find_collection(call, write=True)
    item = _find_item(call, row)
    with call.store.transaction() as db:
        db.execute("DELETE FROM collection_items WHERE id = ?", (item["id"],))
        _touch(db, row)
    return reply({"success": True})


def find_collection(call: Call, *, write: bool = False) -> sqlite3.Row:
    """Return the collection in the path, found by the id its slug ends in."""
    namespace, identity = call.params["namespace"], call.params["slug"].rsplit("-", 1)[-1]
    rows = call.store.db.execute("SELECT * FROM collections WHERE namespace = ?", (namespace,))
    row: sqlite3.Row | None = next((row for row in rows if row["slug"].rsplit("-", 1)[-1] == identity), None)
    if row is None or not is_visible(call.account, row):
        raise HubError(404, "Collection not found")
    if write:
        call.writer(namespace)
    return row


def _find_item(call: Call, collection: sqlite3.Row) -> sqlite3.Row:
    for item in _items(call.store.db, collection):
        if f"{item['id']:024x}" == call.params["item"]:
            return item
    raise HubError(404, "The collection has no such item")


def _items(db: sqlite3.Connection, collection: sqlite3.Row) -> list[sqlite3.Row]:
    query = "SELECT * FROM collection_items WHERE collection_id = ? ORDER BY position, id"
    return db.execute(query, (collection["id"],)).fetchall()


def _existing(call: Call, kind: str, name: str) -> str:
    if kind not in ("model", "dataset", "space", "collection"):
        raise not_implemented(f"A collection's item of type '{kind}'")
    namespace, _, rest = name.partition("/")
    if kind == "collection":
        rows = call.store.db.execute("SELECT * FROM collections WHERE namespace = ? AND slug = ?", (namespace, rest))
        if any(is_visible(call.account, row) for row in rows):
            return name
    else:
        repo = load_repo(call.store.db, kind, namespace, rest)
        if repo is not None and repo.is_visible_to(call.account):
            return repo.full_name
    raise HubError(404, f"There is no {kind} '{name[:100]}'")


def describe(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    items = [_describe_item(call, item) for item in _items(call.store.db, row)]
    return {
        "slug": f"{row['namespace']}/{row['slug']}",
        "title": row["title"],
        "description": row["description"],
        "owner": {"name": row["namespace"], "type": "user"},
        "items": [item for item in items if item is not None],
        "lastUpdated": row["updated"],
        "position": row["position"],
        "private": bool(row["private"]),
        "theme": row["theme"],
        "upvotes": 0,
    }


def _describe_item(call: Call, item: sqlite3.Row) -> dict[str, Any] | None:
    """Return an item, None when what it names is gone or the caller may not see it."""
    try:
        _existing(call, item["type"], item["item"])
    except HubError:
        return None
    content = {"_id": f"{item['id']:024x}", "id": item["item"], "type": item["type"], "position": item["position"]}
    if item["type"] == "collection":
        content["slug"] = item["item"]
    if item["note"]:
        content["note"] = {"text": item["note"], "html": ""}
    return content


def is_visible(account: Account | None, row: sqlite3.Row) -> bool:
    return not row["private"] or (account is not None and account.owns(row["namespace"]))


def _touch(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    db.execute("UPDATE collections SET updated = ? WHERE id = ?", (timestamp(), row["id"]))


def _position(body: dict[str, Any], default: int) -> int:
    position = body.get("position", default)
    if not isinstance(position, int) or not 0 <= position <= _MAX_ITEMS:
        raise HubError(400, "'position' must be a whole number")
    return position


def _check_texts(title: str, body: dict[str, Any]) -> None:
    limits = (("title", title, _MAX_TITLE), ("description", body.get("description"), _MAX_DESCRIPTION))
    for name, text, longest in (*limits, ("note", body.get("note"), _MAX_NOTE)):
        if text is not None and (not isinstance(text, str) or len(text) > longest):
            raise HubError(400, f"'{name}' must be a text of at most {longest} characters")
    if not title:
        raise HubError(400, "A collection needs a title")


def _slugify(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "collection"
