"""Published models by name in JavaScript: transformers.js and @huggingface/hub as npm has them, nothing changed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import HfApi

import factory
from tests.clients.conftest import CLIENTS
from tests.clients.models import TOPICS, read_texts

FILES = {"q8": "onnx/model_quantized.onnx", "fp32": "onnx/model.onnx"}
ROUNDING = {
    "q8": 1e-2,
    "fp32": 1e-5,
}  # WebAssembly adds in another order, which can move an activation to the next int8: in one text of 200 by much
PACKAGES = CLIENTS / "node_modules" / "@huggingface"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here"),
    pytest.mark.skipif(not PACKAGES.is_dir(), reason="the npm packages are not installed (make clients)"),
]


@pytest.fixture(params=["node", "page"])
def run(request):
    """Where the JavaScript runs."""
    return request.getfixturevalue(request.param)


def pull(published, repo):
    return Path(HfApi(endpoint=published.endpoint, token=published.token).snapshot_download(repo))


def as_array(answers, labels):
    """Return the scores of answers as an array of shape (texts, labels)."""
    scores = [{answer["label"]: answer["score"] for answer in row} for row in answers]
    return np.array([[row[label] for label in labels] for row in scores])


def encode_as_javascript(folder, text):
    """Return the tokens that transformers.js gives the model, and whether it cut any off.

    It cuts what the tokenizer made of the whole text, [SEP] included; in Python [SEP] stays at the end.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    ids = tokenizer.encode(text).ids
    max_tokens = json.loads((folder / "tokenizer_config.json").read_text())["model_max_length"]
    return ids[:max_tokens], len(ids) > max_tokens


def run_in_python(file, ids):
    """Return the logits that a file gives for tokens."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    given = {"input_ids": ids, "attention_mask": [1] * len(ids), "token_type_ids": [0] * len(ids)}
    (logits,) = session.run(["logits"], {name: np.array([values], dtype=np.int64) for name, values in given.items()})
    return logits[0]


def sort_by_length(folder):
    """Return 200 texts that the model reads whole, and the tokens of 20 that transformers.js cuts."""
    encoded = {text: encode_as_javascript(folder, text) for text in read_texts()}
    whole = [text for text, (_, is_cut) in encoded.items() if not is_cut]
    cut = {text: ids for text, (ids, is_cut) in encoded.items() if is_cut}
    return whole[:200], dict(list(cut.items())[:20])


@pytest.mark.parametrize("dtype", FILES)
def test_a_model_gives_in_javascript_the_labels_that_it_gives_in_python(published, run, dtype):
    texts, _ = sort_by_length(pull(published, published.spam))
    assert len(texts) == 200
    classify = factory.load(published.spam, endpoint=published.endpoint, token=published.token, file=FILES[dtype])
    answers = run("label", endpoint=published.endpoint, repo=published.spam, dtype=dtype, texts=texts)
    assert [row[0]["label"] for row in answers] == [answer["label"] for answer in classify(texts)]
    assert {row[0]["label"] for row in answers} == {"ham", "spam"}
    differences = np.abs(as_array(answers, classify.labels) - classify.scores(texts)).max(axis=1)
    assert np.quantile(differences, 0.99) < ROUNDING[dtype]


@pytest.mark.parametrize("dtype", FILES)
def test_a_text_that_is_too_long_differs_by_its_last_token_and_by_nothing_else(published, run, dtype):
    folder = pull(published, published.spam)
    _, cut = sort_by_length(folder)
    assert len(cut) == 20
    logits = np.array([run_in_python(folder / FILES[dtype], ids) for ids in cut.values()])
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    answers = run("label", endpoint=published.endpoint, repo=published.spam, dtype=dtype, texts=list(cut))
    assert np.abs(as_array(answers, ["ham", "spam"]) - expected).max() < ROUNDING[dtype]


@pytest.mark.parametrize("dtype", FILES)
def test_labels_that_do_not_exclude_each_other_get_a_sigmoid_each(published, run, dtype):
    texts, folder = read_texts()[:50], pull(published, published.topics)
    tokens = [encode_as_javascript(folder, text)[0] for text in texts]
    logits = np.array([run_in_python(folder / FILES[dtype], ids) for ids in tokens])
    answers = run("label", endpoint=published.endpoint, repo=published.topics, dtype=dtype, texts=texts)
    found = as_array(answers, TOPICS)
    assert np.abs(found.sum(axis=1) - 1).max() > 0.1
    assert np.abs(found - 1 / (1 + np.exp(-logits))).max() < ROUNDING[dtype]


def test_a_private_model_takes_a_token(published, run):
    asked = {"endpoint": published.endpoint, "repo": published.private, "dtype": "q8", "texts": ["soup"]}
    with pytest.raises(Exception, match="Could not locate file"):
        run("label", **asked)
    assert len(run("label", token=published.token, **asked)) == 1


def test_the_hub_is_searched_and_read_by_name(published, run):
    asked = {"endpoint": published.endpoint, "repo": published.spam, "path": FILES["q8"]}
    found = run("find", **asked)
    assert bytes(found.pop("bytes")) == (pull(published, published.spam) / FILES["q8"]).read_bytes()
    names = found.pop("names")
    assert found == {"name": published.spam, "task": "text-classification", "hidden": False}
    assert set(names) == {published.spam, published.topics}
    assert published.private in run("find", token=published.token, **asked)["names"]


def test_a_private_file_takes_a_token(published, run):
    asked = {"endpoint": published.endpoint, "repo": published.private, "path": FILES["fp32"]}
    with pytest.raises(Exception, match="Repository not found"):
        run("find", **asked)
    found = run("find", token=published.token, **asked)
    assert found["hidden"]
    assert bytes(found["bytes"]) == (pull(published, published.private) / FILES["fp32"]).read_bytes()
