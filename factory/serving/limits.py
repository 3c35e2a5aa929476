"""Refuse a request's body as soon as it is too large, whatever it says of its length."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 4 * 2**20


class Limited:
    """An ASGI application that gets at most `max_bytes` of a body.

    Raises starlette's HTTPException 413 inside the application, which answers it and reads no further.
    """

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its body counted."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        received_bytes = 0

        async def count() -> Message:
            nonlocal received_bytes
            self._check(int(announced) if announced.isdigit() else 0)
            message = await receive()
            received_bytes += len(message.get("body", b""))
            self._check(received_bytes)
            return message

        return await self.app(scope, count, send)

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self.max_bytes:
            sentence = f"the body has more than {self.max_bytes} bytes; send the texts in several requests"
            raise HTTPException(413, sentence, headers={"Connection": "close"})
