"""Routes on the raw path, so that the `%2F` of a revision such as `refs%2Fpr%2F1` stays inside its segment."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from starlette.responses import Response

from factory.localhub.calls import Call
from factory.localhub.errors import HubError

Endpoint = Callable[[Call], Response]
TYPES = {"models", "datasets", "spaces"}
MAX_JSON_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Route:
    """A method and a path: `{name}` segments become parameters, `{type}` is one of TYPES, a last `{path*}` the rest.

    A `guard` runs before the body is received: it refuses who may not send one and returns how many bytes are
    accepted, received into a file.
    """

    method: str
    path: str
    endpoint: Endpoint
    guard: Callable[[Call], int] | None = None

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the parameters when the decoded segments fit this route's path."""
        pattern = self.path.strip("/").split("/")
        rest = pattern[-1].endswith("*}")
        if len(segments) < len(pattern) if rest else len(segments) != len(pattern):
            return None
        params = {}
        for expected, segment in zip(pattern, segments, strict=False):
            name = expected[1:-1]
            if not expected.startswith("{"):
                if expected != segment:
                    return None
            elif name == "type" and segment not in TYPES:
                return None
            else:
                params[name] = segment
        if rest:
            params[pattern[-1][1:-2]] = "/".join(segments[len(pattern) - 1 :])
            params.pop(pattern[-1][1:-1])
        return params


def find_route(routes: Iterable[Route], method: str, raw_path: str) -> tuple[Route, dict[str, str]]:
    """Return the first route for a request and its parameters, or raise a 404 or 405."""
    segments = [_decode(segment) for segment in raw_path.strip("/").split("/")]
    method = "GET" if method == "HEAD" else method
    path_exists = False
    for route in routes:
        params = route.match(segments)
        if params is not None:
            if route.method in {method, "*"}:
                return route, params
            path_exists = True
    raise HubError(405, "Method not allowed") if path_exists else HubError(404, "Not found")


def _decode(segment: str) -> str:
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise HubError(400, "The path is not UTF-8") from None
    if "\0" in text:
        raise HubError(400, "The path holds a NUL")
    return text
