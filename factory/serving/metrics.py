"""What is counted of the requests, for Prometheus; nothing of what the texts say."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
ANOTHER_PATH = "other"  # paths are the caller's to make up, and each would be a series


class Metrics:
    """Counts of one service, in a registry of their own."""

    def __init__(self, under_way: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("factory_requests", "Requests answered.", ["path", "status"], registry=self.registry)
        self.seconds = Histogram(
            "factory_request_seconds", "Time to answer.", ["path"], buckets=SECONDS, registry=self.registry
        )
        self.texts = Counter("factory_texts", "Texts classified.", registry=self.registry)
        self.batch_size = Histogram(
            "factory_texts_per_request", "Texts in a request.", buckets=TEXTS, registry=self.registry
        )
        Gauge("factory_requests_under_way", "Requests being read or waiting.", registry=self.registry).set_function(
            under_way
        )
        ProcessCollector(registry=self.registry)

    def render(self) -> bytes:
        """Return all of it in Prometheus's text format."""
        return generate_latest(self.registry)

    def count_texts(self, number: int) -> None:
        """Count one answered request of so many texts."""
        self.texts.inc(number)
        self.batch_size.observe(number)


class Measured:
    """An ASGI application whose requests are counted by path and status, and timed."""

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]) -> None:
        self.app, self.metrics, self.paths = app, metrics, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it once it is answered."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started, status = time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, note)
        finally:
            path = scope["path"] if scope["path"] in self.paths else ANOTHER_PATH
            self.metrics.requests.labels(path, str(status)).inc()
            self.metrics.seconds.labels(path).observe(time.perf_counter() - started)
