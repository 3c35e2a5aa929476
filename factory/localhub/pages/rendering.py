"""From a template and values to a page that loads nothing but this Hub's own style, and runs nothing."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from factory.localhub.calls import Call
from factory.localhub.errors import HubError

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent
_POLICY = "Content-Security-Policy"
_HEADERS = {
    _POLICY: "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept, Cookie",
}
_STATIC = {"style.css": "text/css", "icon.svg": "image/svg+xml"}
_FOR_PROGRAMS = ("/api/", "/lfs/", "/xet/")


def is_for_programs(call: Call) -> bool:
    """Whether the address is one that only clients of the API use."""
    return call.raw_path.startswith(_FOR_PROGRAMS)


def wants_page(call: Call) -> bool:
    """Whether a browser asks: clients of the API never accept `text/html` by name."""
    return "text/html" in call.headers.get("accept", "") and not is_for_programs(call)


def render(call: Call, template: str, status: int = 200, *, framed: str | None = None, **values: Any) -> Response:
    """Return a page made of a template, which escapes every value that is not `Markup`; it may frame one address."""
    html = _environment().get_template(template).render(account=call.account, here=call.raw_path, **values)
    policy = f"{_HEADERS[_POLICY]}; frame-src {framed}" if framed else _HEADERS[_POLICY]
    return Response(html, status, {**_HEADERS, _POLICY: policy}, media_type="text/html")


def show_refusal(call: Call, refusal: HubError) -> Response:
    """Return the page that says why there is none."""
    title = HTTPStatus(refusal.status).phrase.capitalize()
    return render(call, "error.html", refusal.status, title=title, refusal=refusal)


def send_static(call: Call) -> Response:
    """Send a file of the pages' own look."""
    name = call.params["file"]
    if name not in _STATIC:
        raise HubError(404, "Not found")
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'"}
    return Response((_FOLDER / name).read_bytes(), headers=headers, media_type=_STATIC[name])


def format_size(size: int) -> str:
    """Return a number of bytes with the decimal unit that leaves one to three digits before the point."""
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 99.5 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def format_date(timestamp: str) -> str:
    """Return the day of one of the Hub's timestamps as people write it."""
    day = datetime.fromisoformat(timestamp)
    return f"{day.day} {day:%b %Y}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "size": format_size,
        "date": format_date,
        "segment": lambda text: quote(text, safe=""),
        "path": quote,
        "query": urlencode,
    }
    return environment
