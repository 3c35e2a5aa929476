"""Spaces: settings, variables and secrets are kept; no Space is ever run here, and the runtime says so."""

import json
import sqlite3
from typing import Any

from starlette.responses import Response

from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError, not_implemented, repo_not_found
from factory.localhub.repos import Repo, find_repo
from factory.localhub.revisions import resolve_revision
from factory.localhub.store import timestamp
from factory.localhub.trees import find_entry

KINDS = ("secrets", "variables")
SDKS = ("gradio", "docker", "static", "streamlit")
_HARDWARE = "cpu-basic"


def set_up(db: sqlite3.Connection, repo_id: int, name: str, body: dict[str, Any]) -> str:
    """Keep what `create_repo` asked for a new Space and return its first README."""
    sdk = body.get("sdk")
    if sdk not in SDKS:
        raise HubError(400, f"'sdk' must be one of {', '.join(SDKS)}")
    for unsupported in ("volumes", "template"):
        if body.get(unsupported):
            raise not_implemented(f"A Space's {unsupported}")
    settings = {
        "hardware": body.get("hardware") or _HARDWARE,
        "sleep_seconds": body.get("sleepTimeSeconds"),
        "paused": False,
    }
    db.execute("UPDATE repos SET space = ? WHERE id = ?", (json.dumps(settings), repo_id))
    for kind in ("secrets", "variables"):
        items = body.get(kind) or []
        for item in items if isinstance(items, list) else [items]:
            _write_value(db, repo_id, kind, item)
    title = json.dumps(name.replace("-", " ").replace("_", " ").title())
    return f"---\ntitle: {title}\nemoji: 🏭\nsdk: {sdk}\napp_file: app.py\npinned: false\n---\n"


def list_values(call: Call) -> Response:
    """List a Space's variables with their values, or its secrets without."""
    repo = _space(call, "write" if _kind(call) == "secrets" else "read")
    return reply(_values(call, repo))


def set_value(call: Call) -> Response:
    """Set a variable or secret; the value of a secret is not even stored, as nothing here would use it."""
    repo = _space(call, "write")
    with call.store.transaction() as db:
        _write_value(db, repo.id, _kind(call), call.json())
    return reply(_values(call, repo))


def delete_value(call: Call) -> Response:
    repo = _space(call, "write")
    with call.store.transaction() as db:
        db.execute(
            "DELETE FROM space_values WHERE repo_id = ? AND kind = ? AND key = ?",
            (repo.id, _kind(call), call.text("key")),
        )
    return reply(_values(call, repo))


def show_runtime(call: Call) -> Response:
    return reply(runtime(call.store.db, _space(call, "read")))


def show_log(call: Call) -> Response:
    """Return the log of a Space's build or run, as events: a line that belongs to no time, for there was none."""
    _space(call, "write")
    said = {"data": "This Hub keeps Spaces and does not run them.\n", "timestamp": ""}
    return Response(f"data: {json.dumps(said)}\n\n", media_type="text/event-stream")


def pause(call: Call) -> Response:
    return _change(call, paused=True)


def restart(call: Call) -> Response:
    return _change(call, paused=False)


def set_hardware(call: Call) -> Response:
    """Note the hardware asked for; what runs stays what it is: nothing."""
    changes: dict[str, Any] = {"hardware": call.text("flavor")}
    if "sleepTimeSeconds" in call.json():
        changes["sleep_seconds"] = call.json()["sleepTimeSeconds"]
    return _change(call, **changes)


def set_sleep_time(call: Call) -> Response:
    return _change(call, sleep_seconds=call.json().get("seconds"))


def runtime(db: sqlite3.Connection, repo: Repo) -> dict[str, Any]:
    """Describe a Space's runtime: NO_APP_FILE, PAUSED or STOPPED, never RUNNING."""
    settings = json.loads(repo.row["space"])
    card = json.loads(repo.row["card"])
    sdk = card.get("sdk")
    app_file = {"docker": "Dockerfile", "static": "index.html"}.get(str(sdk), card.get("app_file") or "app.py")
    head = resolve_revision(db, repo.id, "main")
    has_app = find_entry(db, head.tree, str(app_file)) is not None
    stage = "NO_APP_FILE" if not has_app else "PAUSED" if settings.get("paused") else "STOPPED"
    return {
        "stage": stage,
        "sha": head.oid,
        "sdk": sdk,
        "hardware": {"current": None, "requested": settings.get("hardware", _HARDWARE)},
        "gcTimeout": settings.get("sleep_seconds"),
        "storage": {"current": None, "requested": None},
        "replicas": {"current": 0, "requested": 1},
        "devMode": False,
        "domains": [],
    }


def _kind(call: Call) -> str:
    return call.raw_path.rsplit("/", 1)[-1]


def _space(call: Call, access: Any) -> Repo:
    if call.type != "space":
        raise repo_not_found()
    return find_repo(call, access)


def _change(call: Call, **changes: Any) -> Response:
    repo = _space(call, "write")
    with call.store.transaction() as db:
        settings = {**json.loads(repo.row["space"]), **changes}
        db.execute("UPDATE repos SET space = ? WHERE id = ?", (json.dumps(settings), repo.id))
    return reply(runtime(call.store.db, find_repo(call)))


def _write_value(db: sqlite3.Connection, repo_id: int, kind: str, item: Any) -> None:
    item = item if isinstance(item, dict) else {}
    key, value = item.get("key"), item.get("value")
    if not isinstance(key, str) or not key.isidentifier() or not isinstance(value, str):
        raise HubError(400, f"A Space's {kind} need a name of letters, digits and '_' and a text as value")
    if not isinstance(item.get("description", ""), str | None):
        raise HubError(400, "'description' must be a text")
    kept = value if kind == "variables" else None
    db.execute(
        "INSERT OR REPLACE INTO space_values VALUES (?, ?, ?, ?, ?, ?)",
        (repo_id, kind, key, kept, item.get("description"), timestamp()),
    )


def _values(call: Call, repo: Repo) -> dict[str, Any]:
    rows = call.store.db.execute(
        "SELECT * FROM space_values WHERE repo_id = ? AND kind = ? ORDER BY key", (repo.id, _kind(call))
    )
    return {
        row["key"]: {
            "key": row["key"],
            "updatedAt": row["updated"],
            **({"description": row["description"]} if row["description"] else {}),
            **({"value": row["value"]} if row["value"] is not None else {}),
        }
        for row in rows
    }
