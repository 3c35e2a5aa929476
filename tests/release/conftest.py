"""The golden releases, written once for all tests of the room."""

import pytest

from factory.release.release import write_release
from tests.release.pages import CASES


@pytest.fixture(scope="session")
def outputs(tmp_path_factory):
    """By case, the inputs of `write_release`."""
    return {name: make(tmp_path_factory.mktemp(name)) for name, make in CASES.items()}


@pytest.fixture(scope="session")
def releases(outputs, tmp_path_factory):
    """By case, the folder of the release."""
    folders = {}
    for name, given in outputs.items():
        folders[name] = tmp_path_factory.mktemp(f"release-{name}")
        write_release(*given, out=folders[name])
    return folders
