"""One random Llama for all tests of the room, its targets recorded once."""

import pytest

from tests.modules.llama import write_ingredients
from tests.threads import one_thread  # noqa: F401  # a fixture


@pytest.fixture(scope="session")
def made_of(tmp_path_factory):
    return write_ingredients(tmp_path_factory.mktemp("module.of.dots"))
