"""What every test may lean on: a home of its own, and a network that ends at loopback."""

import os
import signal
import socket
import tempfile

import pytest

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """State, caches and tokens of one test; nothing of the person who runs it."""
    for name in ("HF_ENDPOINT", "HF_TOKEN", "FACTORY_TEACHER_API_KEY", "HUGGINGFACE_CO_STAGING", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
    monkeypatch.setenv("FACTORY_HOME", str(tmp_path / "factory-home"))
    return tmp_path / "factory-home"


@pytest.fixture(autouse=True, scope="session")
def loopback_only():
    """Refuse connections to anywhere else (HF_HUB_OFFLINE would refuse loopback too)."""
    connect = socket.socket.connect

    def guarded_connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise OSError(f"a test tried to reach {address[0]}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        yield


def pytest_configure(config):
    # A shell that runs this in the background has it ignore Ctrl-C, and so would the programs that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    hf_home = tempfile.TemporaryDirectory(prefix="hf-home-")
    config.add_cleanup(hf_home.cleanup)
    os.environ["HF_HOME"] = hf_home.name  # huggingface_hub reads it once, when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
