"""Webhooks as an account's settings: what is watched, where it is sent and whether that is on."""

import json
import sqlite3
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError, not_implemented

_DOMAINS = ("repo", "discussion")
_WATCHED = ("user", "org", "model", "dataset", "space")
_MAX_WEBHOOKS, _MAX_WATCHED, _MAX_CHARACTERS = 50, 100, 2000


def list_webhooks(call: Call) -> Response:
    rows = call.store.db.execute("SELECT * FROM webhooks WHERE user_id = ? ORDER BY id", (call.owner().id,))
    return reply([_describe(row) for row in rows])


def show(call: Call) -> Response:
    return reply({"webhook": _describe(_find(call))})


def create(call: Call) -> Response:
    """Create a webhook; what it is told goes to its address only if this Hub may call that one."""
    account, body = call.writer(), call.json()
    values = (_url(call), _secret(body, None), _watched(body), _domains(body, json.dumps(_DOMAINS)))
    with call.store.transaction() as db:
        count = db.execute("SELECT count(*) FROM webhooks WHERE user_id = ?", (account.id,)).fetchone()[0]
        if count >= _MAX_WEBHOOKS:
            raise HubError(400, f"An account has at most {_MAX_WEBHOOKS} webhooks")
        made = db.execute(
            "INSERT INTO webhooks (user_id, url, secret, watched, domains) VALUES (?, ?, ?, ?, ?)",
            (account.id, *values),
        )
    call.params["webhook"] = f"{made.lastrowid:024x}"
    return show(call)


def change(call: Call) -> Response:
    """Change a webhook's address, secret, domains or what it watches."""
    row, body = _find(call, write=True), call.json()
    url = _url(call) if "url" in body else row["url"]
    watched = _watched(body) if body.get("watched") else row["watched"]
    values = (url, _secret(body, row["secret"]), watched, _domains(body, row["domains"]), row["id"])
    with call.store.transaction() as db:
        query = "UPDATE webhooks SET url = ?, secret = ?, watched = ?, domains = ?, trouble = '' WHERE id = ?"
        db.execute(query, values)
    return show(call)


def switch(call: Call) -> Response:
    """Enable or disable a webhook; one that is disabled is told nothing, not even later."""
    row, action = _find(call, write=True), call.params["action"]
    if action not in ("enable", "disable"):
        raise HubError(404, "Not found")
    with call.store.transaction() as db:
        db.execute("UPDATE webhooks SET disabled = ?, trouble = '' WHERE id = ?", (action == "disable", row["id"]))
    return show(call)


def delete(call: Call) -> Response:
    row = _find(call, write=True)
    with call.store.transaction() as db:
        db.execute("DELETE FROM webhooks WHERE id = ?", (row["id"],))
    return reply({"success": True})


def _find(call: Call, *, write: bool = False) -> sqlite3.Row:
    account = call.writer() if write else call.owner()
    row: sqlite3.Row | None = call.store.db.execute(
        "SELECT * FROM webhooks WHERE user_id = ? AND printf('%024x', id) = ?", (account.id, call.params["webhook"])
    ).fetchone()
    if row is None:
        raise HubError(404, "Webhook not found")
    return row


def _describe(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": f"{row['id']:024x}",
        "url": row["url"],
        "watched": json.loads(row["watched"]),
        "domains": json.loads(row["domains"]),
        "secret": row["secret"],
        "disabled": bool(row["disabled"]),
        "lastError": row["trouble"] or None,
    }


def _url(call: Call) -> str:
    if "jobSourceId" in call.json():
        raise not_implemented("A webhook that starts a job")
    url = call.text("url")
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_complete = False
    if not is_complete or "@" in parts.netloc or len(url) > _MAX_CHARACTERS or not _is_plain(url) or " " in url:
        raise HubError(400, "'url' must be a complete http or https address in ASCII, without a password")
    return url


def _secret(body: dict[str, Any], default: str | None) -> str | None:
    secret = body.get("secret", default)
    if secret is not None and not (isinstance(secret, str) and _is_plain(secret)):
        raise HubError(400, "'secret' must be a text of printable ASCII: it is sent in a header")
    if secret is not None and len(secret) > _MAX_CHARACTERS:
        raise HubError(400, f"'secret' has at most {_MAX_CHARACTERS} characters")
    return secret


def _is_plain(text: str) -> bool:
    """Whether HTTP can send a text in its head."""
    return text.isascii() and text.isprintable()


def _watched(body: dict[str, Any]) -> str:
    items = body.get("watched")
    if not isinstance(items, list) or not items or len(items) > _MAX_WATCHED:
        raise HubError(400, f"'watched' must be a list of 1 to {_MAX_WATCHED} items")
    for item in items:
        if not isinstance(item, dict) or item.get("type") not in _WATCHED or not isinstance(item.get("name"), str):
            raise HubError(400, f"An item of 'watched' needs a name and a type of {', '.join(_WATCHED)}")
    return json.dumps([{"type": item["type"], "name": item["name"][:200]} for item in items])


def _domains(body: dict[str, Any], default: str) -> str:
    domains = body.get("domains")
    if domains is None:
        return default
    if not isinstance(domains, list) or not domains or not all(domain in _DOMAINS for domain in domains):
        raise HubError(400, f"'domains' must be a list of {' and '.join(_DOMAINS)}")
    return json.dumps(domains)
