"""A real Hub for the tests of the hub room: the embedded one, in a process of its own."""

import pytest

from factory.hub.target import open_target


@pytest.fixture
def target(home):
    """The embedded Hub of this test, started when it is first asked for."""
    with open_target() as opened:
        yield opened
