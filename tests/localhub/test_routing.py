import pytest

from factory.localhub.calls import reply
from factory.localhub.errors import HubError
from factory.localhub.routes import ROUTES
from factory.localhub.routing import Route, find_route


def endpoint(call):
    return reply({})


EXAMPLES = (
    Route("GET", "/", endpoint),
    Route("GET", "/api/{type}/{namespace}/{name}", endpoint),
    Route("GET", "/api/{type}/{namespace}/{name}/tree/{rev}/{path*}", endpoint),
    Route("POST", "/api/{type}/{namespace}/{name}", endpoint),
)


def params(path, method="GET"):
    return find_route(EXAMPLES, method, path)[1]


def test_a_slash_that_is_quoted_stays_in_its_segment():
    found = params("/api/models/u/n/tree/refs%2Fpr%2F1/a/b%20c.txt")
    assert found == {"type": "models", "namespace": "u", "name": "n", "rev": "refs/pr/1", "path": "a/b c.txt"}


def test_head_is_answered_where_get_is():
    assert params("/api/datasets/u/n", "HEAD")["type"] == "datasets"


def test_the_root_is_a_path():
    assert params("/") == {}


@pytest.mark.parametrize(("path", "status"), [("/api/buckets/u/n", 404), ("/api/models/u", 404), ("/x/%ff", 400)])
def test_what_matches_nothing(path, status):
    with pytest.raises(HubError) as refusal:
        params(path)
    assert refusal.value.status == status


def test_a_known_path_with_another_method_is_a_405():
    with pytest.raises(HubError) as refusal:
        params("/api/models/u/n", "PATCH")
    assert refusal.value.status == 405


def test_no_route_hides_another():
    for position, route in enumerate(ROUTES):
        path = route.path.replace("{type}", "models").replace("{path*}", "p").replace("{", "").replace("}", "")
        method = "GET" if route.method == "*" else route.method
        found, _ = find_route(ROUTES, method, path)
        earlier = ROUTES.index(found)
        assert earlier == position or ROUTES[earlier].endpoint == route.endpoint or route.method == "*", route.path
