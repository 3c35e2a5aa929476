"""What a browser gets: for now the addresses of the API that describe the same thing."""

from starlette.responses import PlainTextResponse, Response

from factory.localhub.calls import Call
from factory.localhub.repos import find_repo
from factory.localhub.routing import Route


def home(call: Call) -> Response:
    return PlainTextResponse(f"hf-factory Hub: HF_ENDPOINT={call.endpoint}\n")


def repository(call: Call) -> Response:
    repo = find_repo(call)
    return PlainTextResponse(f"{repo.full_name}: {call.endpoint}/api/{repo.type}s/{repo.full_name}\n")


def collection(call: Call) -> Response:
    slug = f"{call.params['namespace']}/{call.params['slug']}"
    return PlainTextResponse(f"{slug}: {call.endpoint}/api/collections/{slug}\n")


ROUTES = (
    Route("GET", "/", home),
    Route("GET", "/collections/{namespace}/{slug}", collection),
    Route("GET", "/{type}/{namespace}/{name}", repository),
    Route("GET", "/{namespace}/{name}", repository),
)
