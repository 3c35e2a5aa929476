"""One random Llama for all tests of the room, its targets recorded once."""

import pytest

from tests.modules.llama import write_ingredients


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def made_of(tmp_path_factory):
    return write_ingredients(tmp_path_factory.mktemp("module.of.dots"))
