"""Cross-origin requests: which pages of other servers a browser lets use this Hub (Fetch standard, section 3.2)."""

from urllib.parse import urlsplit

from starlette.responses import Response

from factory.localhub.calls import Call

_READABLE = (
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Link, X-Error-Code, X-Error-Message, "
    "X-Linked-ETag, X-Linked-Size, X-Repo-Commit, X-Request-Id, X-Xet-Hash"
)
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, X-Request-Id, X-Xet-Session-Id",
    "Access-Control-Max-Age": "600",
}


def is_preflight(call: Call) -> bool:
    """Whether a browser asks if it may send a request, rather than sending it."""
    return call.method == "OPTIONS" and "origin" in call.headers and "access-control-request-method" in call.headers


def answer_preflight() -> Response:
    """Return what a request of another origin may be like; `share` says who may send one."""
    return Response(status_code=204, headers=_PREFLIGHT)


def share(call: Call, response: Response, hosts: frozenset[str] | None) -> None:
    """Let pages of `hosts`, or with None of any host, read a response.

    Cookies are never honoured: a page of another origin brings a token of its own or sees what is public.
    """
    response.headers.add_vary_header("Origin")
    origin = call.headers.get("origin", "")
    if _is_allowed(origin, hosts):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _READABLE


def _is_allowed(origin: str, hosts: frozenset[str] | None) -> bool:
    try:
        page = urlsplit(origin)
        host = page.netloc.removesuffix(f":{page.port}").lower()
    except ValueError:
        return False
    return page.scheme in ("http", "https") and (hosts is None or host in hosts)
