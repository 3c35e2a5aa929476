"""A tiny model with random weights as ONNX, and the service around it on loopback."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np
import pytest
import uvicorn

from factory.serving.app import create_app
from factory.serving.served import Readers, Served, load_served
from factory.store import Artifact
from factory.students.classifier import Classifier
from factory.students.compression import export_onnx, quantize_onnx
from factory.students.quiet import quiet_transformers
from tests.tiny import tiny_base

ROOT = Path(__file__).parents[2]
LABELS = ("yes", "no", "maybe")
COMMAND = "from factory.cli_serve import serve; serve()"


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The folder of a classifier with three labels and an int8 file."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

    folder = tmp_path_factory.mktemp("served")
    base = tiny_base(folder / "base")
    set_seed(0)
    with quiet_transformers():
        network = AutoModelForSequenceClassification.from_pretrained(base, id2label=dict(enumerate(LABELS)))
    tokenizer = AutoTokenizer.from_pretrained(base)
    network.classifier.weight.data *= 100  # texts lie on both sides of this one, so that answers differ
    network.classifier.bias.data -= network.eval()(**tokenizer("a soup", return_tensors="pt")).logits[0].detach()
    network.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    (folder / "model" / "onnx").mkdir()
    (folder / "exported").mkdir()
    export_onnx(Artifact(folder, "trained"), out=folder / "exported")
    quantize_onnx(Artifact(folder / "exported", "exported"), out=folder / "model" / "onnx")
    return folder / "model"


@contextmanager
def serving(served, **bounds):
    """Yield a client of a service that runs in a thread."""
    readers = Readers(served, **bounds)
    server = uvicorn.Server(uvicorn.Config(create_app(readers), port=0, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        readers.close()


@pytest.fixture(scope="session")
def client(model):
    with serving(load_served(str(model))) as client:
        yield client


@contextmanager
def started(*arguments, **environment):
    """Yield a process that serves and what its first line says."""
    command = [sys.executable, "-c", COMMAND, *arguments, "--port", "0", "--format", "json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, **pipes) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


class Gate:
    """A model that answers once it is let."""

    def __init__(self):
        self.entered, self.opened = threading.Semaphore(0), threading.Event()
        self.model = Classifier(["yes"], self.score)

    def score(self, texts):
        self.entered.release()
        self.opened.wait(30)
        return np.ones((len(texts), 1), np.float32)


@pytest.fixture
def pairs():
    """A model that gives a pair all labels that are in both of its texts."""
    labels = ["soup", "pizza"]

    def score(texts):
        both = [[label in text and label in other for label in labels] for text, other in texts]
        return np.array(both, dtype=np.float32)

    model = Classifier(labels, score, thresholds=[0.5, 0.5], reads_pairs=True)
    with serving(Served(model, "acme/pairs")) as client:
        yield client
