"""One toy student for all tests of the room: trained, exported and quantised once."""

import shutil

import pytest

from factory.store import Artifact
from factory.students.compression import export_onnx, quantize_onnx
from tests.students.toy import train_toy, write_toy
from tests.threads import one_thread  # noqa: F401  # a fixture


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """A folder with `splits` and `base`."""
    folder = tmp_path_factory.mktemp("toy")
    write_toy(folder)
    return folder


@pytest.fixture(scope="session")
def trained(toy, tmp_path_factory):
    return train_toy(toy, tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="session")
def exported(trained, tmp_path_factory):
    out = tmp_path_factory.mktemp("exported")
    export_onnx(trained, out=out)
    return Artifact(out, "exported")


@pytest.fixture(scope="session")
def quantized(exported, tmp_path_factory):
    out = tmp_path_factory.mktemp("quantized")
    quantize_onnx(exported, out=out)
    return Artifact(out, "quantized")


@pytest.fixture(scope="session")
def published(trained, exported, quantized, tmp_path_factory):
    """A model's folder as a release has it, without a card."""
    folder = tmp_path_factory.mktemp("published") / "model"
    shutil.copytree(trained.path / "model", folder)
    (folder / "onnx").mkdir()
    shutil.copy(exported.path / "model.onnx", folder / "onnx")
    shutil.copy(quantized.path / "model_quantized.onnx", folder / "onnx")
    return folder
