"""A chat server for benchmarks: one constant answer, after a latency, at a limited rate.

`python -m benchmarks.chat_server LATENCY_SECONDS CALLS_PER_SECOND` prints its port; a rate of 0 is no limit. What
exceeds the rate, in a bucket of a tenth of a second, gets 429 with `Retry-After: 1` at once.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BURST_SECONDS = 0.1
BODY = json.dumps({
    "choices": [{"message": {"content": '{"label": "even"}'}, "finish_reason": "stop"}],
    "model": "constant",
    "usage": {"prompt_tokens": 40, "completion_tokens": 5},
})  # fmt: skip
HEAD = "HTTP/1.1 {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{}\r\n{}"
ANSWER = HEAD.format("200 OK", len(BODY), "", BODY).encode()
REFUSAL = HEAD.format("429 Too Many Requests", 2, "retry-after: 1\r\n", "{}").encode()


class Bucket:
    """Tokens that come at a rate; each call takes one."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._tokens = rate * BURST_SECONDS
        self._then = time.monotonic()

    def take(self) -> bool:
        """Return whether there was a token."""
        now = time.monotonic()
        self._tokens = min(self._rate * BURST_SECONDS, self._tokens + self._rate * (now - self._then))
        self._then = now
        is_open = not self._rate or self._tokens >= 1
        self._tokens -= is_open
        return is_open


class Connection(asyncio.Protocol):
    """One connection; requests come one after another and have a Content-Length."""

    def __init__(self, latency_seconds: float, bucket: Bucket) -> None:
        self._latency_seconds = latency_seconds
        self._bucket = bucket
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once a request is complete."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length:")[2].split(None, 1)[0]):
            self._received = b""
            if self._bucket.take():
                asyncio.get_running_loop().call_later(self._latency_seconds, self._transport.write, ANSWER)
            else:
                self._transport.write(REFUSAL)


@contextmanager
def serving(latency_seconds: float, rate: float = 0) -> Iterator[str]:
    """Run the server in a process of its own; yield its base_url."""
    command = [sys.executable, "-m", __name__, str(latency_seconds), str(rate)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        process.terminate()


async def _serve(latency_seconds: float, rate: float) -> None:
    bucket = Bucket(rate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(latency_seconds, bucket), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(*map(float, sys.argv[1:])))
