"""The HTTP service around a loaded model: what it answers at which path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from factory import __version__
from factory.errors import DataError, HubError
from factory.serving.limits import MAX_BODY_BYTES, Limited
from factory.serving.metrics import Measured, Metrics
from factory.serving.schemas import PAIR, TEXT, Answer, Fault, Health, Question
from factory.serving.served import BusyError, Readers

BUSY_SECONDS = "1"
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Fault, "description": "The body is no JSON."},
    413: {"model": Fault, "description": f"The body has more than {MAX_BODY_BYTES} bytes."},
    422: {"model": Fault, "description": "The body is JSON, but no question for this model."},
    503: {"model": Fault, "description": "As many requests wait as may; Retry-After says when to ask again."},
}


def create_app(readers: Readers) -> FastAPI:
    """Return the ASGI application that answers for the model of `readers`."""
    served = readers.served
    app = FastAPI(title=served.name, version=__version__, docs_url=None, redoc_url=None)  # its pages load from a CDN
    metrics = Metrics(lambda: readers.under_way)

    @app.post("/classify", responses=REFUSALS, summary="Label one text or several")
    async def classify(question: Question) -> list[Answer] | list[list[Answer]]:
        """A label and score for each text; lists of them with `top_k`, and from a model of several labels a text."""
        items = question.items()
        answers = await readers.answer(items, question.top_k, question.model)
        metrics.count_texts(len(items))
        return answers

    @app.get("/health", summary="Which model answers")
    async def health() -> Health:
        return Health(
            model=served.name, revision=served.revision, commit=served.commit, labels=list(served.model.labels)
        )

    @app.get("/metrics", summary="Counts for Prometheus", response_class=Response)
    async def show_metrics() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/docs", include_in_schema=False)
    async def show_docs() -> HTMLResponse:
        return HTMLResponse((Path(__file__).parent / "docs.html").read_text(encoding="utf-8"))

    _answer_faults(app)
    paths = frozenset(("/classify", "/health", "/metrics", "/docs", "/openapi.json"))
    app.add_middleware(Limited)
    app.add_middleware(Measured, metrics=metrics, paths=paths)
    return app


def _answer_faults(app: FastAPI) -> None:
    """Answer every refusal as `{"error": sentence}`."""

    def fault(status: int, **headers: str) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def answer(request: Request, error: Exception) -> Response:
            return JSONResponse({"error": str(error)}, status, headers or None)

        return answer

    async def refuse(request: Request, error: Any) -> Response:
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)

    async def explain(request: Request, error: Any) -> Response:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return JSONResponse({"error": f"the body is no JSON: {first['ctx']['error']}"}, 400)
        return JSONResponse({"error": _say(first)}, 422)

    app.add_exception_handler(BusyError, fault(503, **{"Retry-After": BUSY_SECONDS}))
    app.add_exception_handler(DataError, fault(422))
    app.add_exception_handler(HubError, fault(500))
    app.add_exception_handler(HTTPException, refuse)
    app.add_exception_handler(RequestValidationError, explain)


def _say(fault: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in fault["loc"][1:] if part not in (TEXT, PAIR))
    said = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {said}" if place else f"the body: {said}"
