"""Real Hubs for the tests of the hub room: the embedded one, in a process of its own."""

import pytest

from factory.hub.embedded import Access, embedded_hub
from factory.hub.target import Target, open_target


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
