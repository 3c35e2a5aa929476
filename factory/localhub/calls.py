"""One request as the endpoints see it: who asks, for which repository, with what body."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from factory.localhub.accounts import Account
from factory.localhub.errors import HubError, forbidden, unauthorized
from factory.localhub.store import Store

if TYPE_CHECKING:
    from factory.localhub.pages.running import Runner

_AUTHORITY = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")


@dataclass
class Call:
    """A request whose path was matched and whose body was received: in `body`, or in `file` for the large ones."""

    store: Store
    method: str
    raw_path: str
    query: QueryParams
    headers: dict[str, str]
    scheme: str = "http"
    params: dict[str, str] = field(default_factory=dict)
    account: Account | None = None
    body: bytes = b""
    file: Path | None = None
    runner: "Runner | None" = None
    _json: dict[str, Any] | None = None

    @property
    def endpoint(self) -> str:
        """The URL of this Hub as the client wrote it."""
        host = self.headers.get("host", "")
        if not _AUTHORITY.fullmatch(host):
            raise HubError(400, "The Host header is missing or malformed")
        return f"{self.scheme}://{host}"

    @property
    def type(self) -> str:
        """The repository type in the path: models, datasets, spaces; none at all is a model."""
        return self.params.get("type", "models").removesuffix("s")

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body."""
        if self._json is None:
            try:
                value = json.loads(self.body or b"{}")
                json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # what could not be told again
            except (ValueError, RecursionError):
                raise HubError(400, "The body is not JSON") from None
            if not isinstance(value, dict):
                raise HubError(400, "The body is not a JSON object")
            self._json = value
        return self._json

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string of the JSON body."""
        value = self.json().get(key, default)
        if not isinstance(value, str) or "\0" in value:
            raise HubError(400, f"'{key}' must be a string")
        return value

    def lines(self, max_bytes: int) -> Iterator[bytes]:
        """Yield the lines of a large body, or raise a 413 at one that is longer than `max_bytes`."""
        if self.file is None:
            return
        with self.file.open("rb") as file:
            while line := file.readline(max_bytes + 1):
                if len(line) > max_bytes:
                    raise HubError(413, f"A line is longer than {max_bytes} bytes: files over 10 MB go as large files")
                yield line

    def whole_number(self, key: str, default: int, *, highest: int) -> int:
        """Return a number of the query string, at most `highest`."""
        text = self.query.get(key, str(default))
        if not text.isdecimal() or len(text) > 9:
            raise HubError(400, f"'{key}' must be a whole number")
        return min(int(text), highest)

    def flag(self, key: str) -> bool:
        return self.query.get(key, "").lower() in {"1", "true"}

    def user(self) -> Account:
        """Return who asks, or raise a 401."""
        if self.account is None:
            raise unauthorized()
        return self.account

    def owner(self, full_name: str = "") -> Account:
        """Return who asks with a token for that repository, or for all; else raise a 401 or 403."""
        account = self.user()
        if not account.covers(full_name):
            raise forbidden(f"This token is for {' and '.join(sorted(account.repos or ()))} alone")
        return account

    def writer(self, namespace: str | None = None, name: str = "", *, owns: bool = True) -> Account:
        """Return who asks if they may write, under `namespace` when it is given; else raise a 401 or 403.

        With a `name` that is one repository there, which they need not own unless `owns`.
        """
        account = self.owner(f"{namespace}/{name}")
        if account.role != "write":
            raise forbidden("This token can only read: a token with the role 'write' is needed")
        if owns and namespace is not None and not account.owns(namespace, "write", name):
            raise forbidden(f"You don't have the rights to write under the namespace '{namespace}'")
        return account


def reply(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return JSONResponse(content, status, headers)
