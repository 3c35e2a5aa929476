"""Deliveries: a thread that sends what webhooks are to be told, to the addresses that this Hub may call."""

import http.client
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from factory.localhub.store import Store

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_RETRY_SECONDS = (2.0, 15.0, 60.0)
_TIMEOUT_SECONDS = 5.0
_POLL_SECONDS = 0.5  # a folder that another process imports is an event too
_MAX_TROUBLE_CHARACTERS = 300
log = logging.getLogger(__name__)


class Sender:
    """The sender of one Hub, from `start` to `stop`.

    Only a host that is in `hosts`, letter for letter, is called: no name is looked up to see where it leads, no
    redirect is followed and nothing of the answer but its status is read, so a webhook reaches no other machine.
    """

    def __init__(self, store: Store, endpoint: str, hosts: Collection[str]) -> None:
        self._store, self._endpoint = store, endpoint
        self._hosts = frozenset(host.lower() for host in hosts)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the delivery under way; the others are sent when a Hub runs on the directory again."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        told = ""
        while not self._ended.wait(_POLL_SECONDS):
            try:
                while not self._ended.is_set() and (row := self._next()) is not None:
                    self._attempt(row)
                told = ""
            except sqlite3.Error as fault:  # a disk that is full now need not be so for ever
                if str(fault) != told:
                    log.warning("webhooks wait for the database: %s", fault)
                told = str(fault)
        self._store.close()

    def _next(self) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._store.db.execute(
            "SELECT deliveries.*, url, secret, disabled FROM deliveries JOIN webhooks ON webhooks.id = webhook_id "
            "WHERE due <= ? ORDER BY due, deliveries.id LIMIT 1",
            (time.time(),),
        ).fetchone()
        return row

    def _attempt(self, row: sqlite3.Row) -> None:
        trouble, is_final = "", True
        if (host := urlsplit(row["url"]).hostname) not in self._hosts:
            trouble = f"This Hub may not call '{host}': its administrator allows hosts with --webhook-host"
        elif not row["disabled"]:
            is_final = row["attempts"] >= len(_RETRY_SECONDS)
            self._postpone(row)
            trouble = self._send(row)
        with self._store.transaction() as db:
            values = (trouble[:_MAX_TROUBLE_CHARACTERS], row["webhook_id"])
            db.execute("UPDATE webhooks SET trouble = ? WHERE id = ?", values)
            if is_final or not trouble:
                db.execute("DELETE FROM deliveries WHERE id = ?", (row["id"],))

    def _postpone(self, row: sqlite3.Row) -> None:
        """Count an attempt before it is made: where that cannot be written, nothing is sent over and over."""
        due = time.time() + _RETRY_SECONDS[min(row["attempts"], len(_RETRY_SECONDS) - 1)]
        with self._store.transaction() as db:
            db.execute("UPDATE deliveries SET attempts = attempts + 1, due = ? WHERE id = ?", (due, row["id"]))

    def _send(self, row: sqlite3.Row) -> str:
        """Send a payload once and return what went wrong, nothing for an answer of 2xx."""
        address = urlsplit(row["url"])
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=_TIMEOUT_SECONDS)
        headers = {"Content-Type": "application/json", "User-Agent": "hf-factory-webhooks"}
        headers |= {"X-Webhook-Secret": row["secret"]} if row["secret"] else {}
        target = f"{address.path or '/'}{'?' if address.query else ''}{address.query}"
        body = json.dumps(_complete(json.loads(row["payload"]), self._endpoint)).encode()
        try:
            connection.request("POST", target, body, headers)
            status = connection.getresponse().status
            return "" if 200 <= status < 300 else f"The last delivery was answered with {status}"
        except (OSError, http.client.HTTPException) as fault:
            return f"The last delivery failed: {fault or type(fault).__name__}"
        finally:
            connection.close()


def _complete(content: Any, endpoint: str) -> Any:
    """Return a payload with its paths on the Hub as URLs."""
    if isinstance(content, list):
        return [_complete(item, endpoint) for item in content]
    if not isinstance(content, dict):
        return content
    return {
        key: {name: endpoint + path for name, path in value.items()} if key == "url" else _complete(value, endpoint)
        for key, value in content.items()
    }
