"""ONNX files: what goes in and out, that they say what torch says, and what they must not tell."""

import hashlib
import logging
import sys

import numpy as np
import pytest

from factory.data.examples import read_examples
from factory.students.compression import export_onnx, quantize_onnx


@pytest.fixture(scope="session")
def held_out(toy):
    return [row.text for row in read_examples(toy / "splits" / "held_out.jsonl")]


def session(path):
    import onnxruntime

    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def encode(trained, texts):
    from transformers import AutoTokenizer

    return dict(AutoTokenizer.from_pretrained(trained.path / "model")(texts, padding=True, return_tensors="np"))


def run_torch(trained, inputs):
    import torch
    from transformers import AutoModelForSequenceClassification

    network = AutoModelForSequenceClassification.from_pretrained(trained.path / "model").eval()
    with torch.inference_mode():
        return network(**{name: torch.tensor(values) for name, values in inputs.items()}).logits.numpy()


def test_the_export_is_one_file(exported, quantized):
    assert [path.name for path in exported.path.iterdir()] == ["model.onnx"]
    assert [path.name for path in quantized.path.iterdir()] == ["model_quantized.onnx"]


@pytest.mark.parametrize("name", ["model.onnx", "model_quantized.onnx"])
def test_inputs_are_named_as_the_tokenizer_names_them_and_the_output_is_logits(exported, quantized, name):
    folder = exported.path if name == "model.onnx" else quantized.path
    opened = session(folder / name)
    assert {given.name for given in opened.get_inputs()} == {"input_ids", "attention_mask", "token_type_ids"}
    assert [given.shape for given in opened.get_inputs()] == [["texts", "tokens"]] * 3
    assert [(result.name, result.shape) for result in opened.get_outputs()] == [("logits", ["texts", 2])]


def test_a_batch_of_any_size_and_length_gives_what_torch_gives(exported, trained, held_out):
    opened = session(exported.path / "model.onnx")
    for texts in (held_out[:1], held_out, [" ".join(held_out), "soup"], [""]):
        inputs = encode(trained, texts)
        (logits,) = opened.run(["logits"], inputs)
        assert np.abs(logits - run_torch(trained, inputs)).max() < 1e-4


def test_int8_is_smaller_and_gives_the_same_labels(exported, quantized, trained, held_out):
    full, light = exported.path / "model.onnx", quantized.path / "model_quantized.onnx"
    assert light.stat().st_size < 0.6 * full.stat().st_size
    for text in held_out:
        inputs = encode(trained, [text])
        (expected,), (found,) = session(full).run(["logits"], inputs), session(light).run(["logits"], inputs)
        assert expected.argmax() == found.argmax()


def test_weights_leave_the_bit_that_would_overflow_without_vnni(quantized):
    import onnx

    model = onnx.load(quantized.path / "model_quantized.onnx")
    multiplied = {node.input[1] for node in model.graph.node if node.op_type == "MatMulInteger"}
    weights = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer if tensor.name in multiplied]
    assert len(weights) >= 12
    assert max(np.abs(weight.astype(int)).max() for weight in weights) <= 64


@pytest.mark.parametrize("name", ["model.onnx", "model_quantized.onnx"])
def test_no_file_tells_where_it_was_made(exported, quantized, trained, name):
    content = ((exported.path if name == "model.onnx" else quantized.path) / name).read_bytes()
    for secret in (b"site-packages", b"stack_trace", sys.prefix.encode(), str(trained.path).encode()):
        assert secret not in content


def test_equal_students_give_equal_files(trained, exported, quantized, tmp_path, capfd):
    handlers = list(logging.getLogger().handlers)
    export_onnx(trained, out=tmp_path)
    quantize_onnx(exported, out=tmp_path)
    for earlier in (exported.path / "model.onnx", quantized.path / "model_quantized.onnx"):
        again = tmp_path / earlier.name
        assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(earlier.read_bytes()).digest()
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().handlers == handlers
