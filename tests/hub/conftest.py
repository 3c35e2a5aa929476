"""Real Hubs for the tests of the hub room: the embedded one, in a process of its own."""

import pytest

from factory.hub.embedded import Access, embedded_hub
from factory.hub.push import push_release
from factory.hub.target import Target, open_target
from tests.hub.scored import REPOS, make_release


@pytest.fixture
def target(home):
    """The embedded Hub of this test, started when it is first asked for."""
    with open_target() as opened:
        yield opened


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A Hub that many tests read from or bounce off; what one leaves there the others see."""
    with embedded_hub(tmp_path_factory.mktemp("shared") / "hub") as access:
        yield Target.at(Access(access.endpoint, access.token))


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """A Hub with one release that has scores on gold; tests leave that as it is."""
    folder = tmp_path_factory.mktemp("published")
    with embedded_hub(folder / "hub") as access:
        target = Target.at(access)
        _, release = make_release(folder, "aaaaaaaaaaaa")
        push_release(release.path, REPOS, f"release-{release.id}", private=False, target=target)
        yield target
