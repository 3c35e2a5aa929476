"""What a person sees of the Hub in a browser: server-rendered pages of what the API serves, by the same rules.

A client that does not accept `text/html` by name gets one line that says where the API has the same thing.
"""

from starlette.responses import PlainTextResponse, Response

from factory.localhub.calls import Call
from factory.localhub.collections import find_collection
from factory.localhub.errors import HubError
from factory.localhub.pages import changes, files, home, repository, session
from factory.localhub.pages.rendering import send_static, show_refusal, wants_page
from factory.localhub.pages.session import read_session
from factory.localhub.repos import find_repo
from factory.localhub.routing import Endpoint, Route

__all__ = ["ROUTES", "read_session", "show_refusal", "wants_page"]


def _page(show: Endpoint, otherwise: Endpoint) -> Endpoint:
    def answer(call: Call) -> Response:
        return show(call) if wants_page(call) else otherwise(call)

    return answer


def _name_hub(call: Call) -> Response:
    return PlainTextResponse(f"hf-factory Hub: HF_ENDPOINT={call.endpoint}\n")


def _name_repository(call: Call) -> Response:
    repo = find_repo(call)
    return PlainTextResponse(f"{repo.full_name}: {call.endpoint}/api/{repo.type}s/{repo.full_name}\n")


def _name_collection(call: Call) -> Response:
    row = find_collection(call)
    slug = f"{row['namespace']}/{row['slug']}"
    return PlainTextResponse(f"{slug}: {call.endpoint}/api/collections/{slug}\n")


def _name_nothing(call: Call) -> Response:
    raise HubError(404, "Not found")


def _repository_routes(path: str) -> tuple[Route, ...]:
    return (
        Route("GET", path, _page(repository.show_repository, _name_repository)),
        Route("GET", f"{path}/tree/{{rev}}", _page(files.show_tree, _name_repository)),
        Route("GET", f"{path}/tree/{{rev}}/{{path*}}", _page(files.show_tree, _name_repository)),
        Route("GET", f"{path}/blob/{{rev}}/{{path*}}", _page(files.show_blob, _name_repository)),
        Route("GET", f"{path}/commits/{{rev}}", _page(files.show_commits, _name_repository)),
        Route("GET", f"{path}/commit/{{rev}}", _page(changes.show_commit, _name_repository)),
    )


ROUTES = (
    Route("GET", "/", _page(home.show_home, _name_hub)),
    Route("GET", "/static/{file}", send_static),
    Route("GET", "/sign-in", _page(session.show_sign_in, _name_hub)),
    Route("POST", "/sign-in", session.sign_in),
    Route("POST", "/sign-out", session.sign_out),
    Route("GET", "/collections", _page(home.show_collections, _name_hub)),
    Route("GET", "/collections/{namespace}/{slug}", _page(home.show_collection, _name_collection)),
    Route("GET", "/{type}", _page(home.show_list, _name_hub)),
    Route("GET", "/{namespace}", _page(home.show_namespace, _name_nothing)),
    *_repository_routes("/{type}/{namespace}/{name}"),
    *_repository_routes("/{namespace}/{name}"),
)
