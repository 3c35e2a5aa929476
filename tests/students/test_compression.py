"""ONNX files: what goes in and out, that they say what torch says, and what they must not tell."""

import hashlib
import json
import logging
import shutil
import sys

import numpy as np
import pytest

from factory.data.examples import read_examples
from factory.store import Artifact
from factory.students.compression import export_onnx, quantize_onnx
from factory.students.quiet import quiet_transformers


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


def test_int8_is_smaller_and_gives_nearly_the_same_logits(exported, quantized, trained, held_out):
    full, light = exported.path / "model.onnx", quantized.path / "model_quantized.onnx"
    assert light.stat().st_size < full.stat().st_size
    for text in held_out:
        inputs = encode(trained, [text])
        (expected,), (found,) = session(full).run(["logits"], inputs), session(light).run(["logits"], inputs)
        assert expected.argmax() == found.argmax()
        assert np.abs(expected - found).max() < 0.05 * np.abs(expected).max()


def test_all_weights_of_layers_have_eight_bits_and_a_scale_a_channel(quantized):
    import onnx

    model = onnx.load(quantized.path / "model_quantized.onnx")
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    multiplied = [node.input[1] for node in model.graph.node if node.op_type == "MatMulInteger"]
    weights = [onnx.numpy_helper.to_array(tensors[name]) for name in multiplied]
    assert len(weights) >= 12
    assert {weight.dtype for weight in weights} == {np.dtype(np.uint8)}
    for name, weight in zip(multiplied, weights, strict=True):
        assert list(tensors[name.replace("_quantized", "_scale")].dims) == [weight.shape[1]]


def test_pairs_and_several_labels_a_text_come_through(toy, tmp_path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

    set_seed(0)
    names = {0: "a", 1: "b", 2: "c"}
    with quiet_transformers():
        network = AutoModelForSequenceClassification.from_pretrained(
            toy / "base", id2label=names, problem_type="multi_label_classification"
        )
    network.save_pretrained(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(toy / "base")
    tokenizer.save_pretrained(tmp_path / "model")
    made = Artifact(tmp_path, "made")
    export_onnx(made, out=tmp_path)
    quantize_onnx(made, out=tmp_path)
    inputs = dict(tokenizer([("soup", "pizza"), ("a dog", "the dog is nice")], padding=True, return_tensors="np"))
    assert inputs["token_type_ids"].any()
    expected = run_torch(made, inputs)
    for name, most in (("model.onnx", 1e-4), ("model_quantized.onnx", 0.05)):
        (found,) = session(tmp_path / name).run(["logits"], inputs)
        assert found.shape == (2, 3)
        assert np.abs(found - expected).max() < most * max(1, np.abs(expected).max())


def test_a_layer_of_zeros_gives_numbers(trained, tmp_path):
    from transformers import AutoModelForSequenceClassification

    shutil.copytree(trained.path / "model", tmp_path / "model")
    network = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model")
    for weights in network.bert.encoder.layer[-1].parameters():
        weights.data.zero_()
    network.bert.encoder.layer[-1].output.LayerNorm.bias.data.fill_(0.5)
    network.save_pretrained(tmp_path / "model")
    made = Artifact(tmp_path, "made")
    export_onnx(made, out=tmp_path)
    quantize_onnx(made, out=tmp_path)
    inputs = encode(made, ["the soup was great"])
    (found,) = session(tmp_path / "model_quantized.onnx").run(["logits"], inputs)
    assert np.abs(found - run_torch(made, inputs)).max() < 0.01


@pytest.mark.parametrize("kind", ["hf-factory-linear", "hf-factory-static"])
def test_a_student_without_a_network_has_no_onnx_file(tmp_path, kind):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps({"model_type": kind}))
    out = tmp_path / "out"
    out.mkdir()
    export_onnx(Artifact(tmp_path, "trained"), out=out)
    quantize_onnx(Artifact(out, "exported"), out=out)
    assert list(out.iterdir()) == []


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
