"""Int8 keeps products and tables as they were, outliers and zeros included."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from factory.students.quantization import MIN_TABLE_ROWS, quantize

WIDTH = 64


@pytest.fixture
def random():
    return np.random.default_rng(0)


def run(file, **given):
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(None, given)


def graph(nodes, given, weights, outputs=("y",)):
    inputs = [helper.make_tensor_value_info(name, kind, ["texts", "tokens", *rest]) for name, kind, *rest in given]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    tensors = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    made = helper.make_graph(nodes, "graph", inputs, results, tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def product(weight):
    """The model that multiplies rows with `weight`."""
    width = len(weight)
    return graph([helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", TensorProto.FLOAT, width)], {"w": weight})


def error(found, expected):
    return np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean())


@pytest.mark.parametrize("width", [WIDTH, 96, 1, 7, 12])
def test_a_product_of_any_width_is_what_it_was(tmp_path, random, width):
    weight, x = random.normal(size=(width, 16)), random.normal(size=(2, 5, width)).astype(np.float32)
    quantize(product(weight), tmp_path / "q.onnx")
    (found,) = run(tmp_path / "q.onnx", x=x)
    assert error(found, x @ weight) < 0.015


def test_neither_a_large_channel_nor_a_large_token_blurs_the_rest(tmp_path, random):
    from onnxruntime.quantization import quantize_dynamic

    weight, x = random.normal(size=(WIDTH, 16)), random.normal(size=(1, 20, WIDTH)).astype(np.float32)
    x[..., 3] *= 30
    x[0, 4] *= 30
    weight[3] /= 30
    model = product(weight)
    quantize_dynamic(model, tmp_path / "plain.onnx", per_channel=True)
    quantize(model, tmp_path / "q.onnx")
    rest = np.arange(20) != 4
    (plain,), (found,) = (run(tmp_path / name, x=x) for name in ("plain.onnx", "q.onnx"))
    expected = x @ weight
    assert error(found[:, rest], expected[:, rest]) < 0.1 * error(plain[:, rest], expected[:, rest])


def test_products_of_large_numbers_do_not_overflow(tmp_path):
    weight, x = np.ones((WIDTH, 4)), np.ones((1, 1, WIDTH), np.float32)
    weight[:, 0] = -1
    quantize(product(weight), tmp_path / "q.onnx")
    (found,) = run(tmp_path / "q.onnx", x=x)
    assert np.allclose(found, x @ weight, rtol=0.01)


def test_zeros_stay_zeros(tmp_path, random):
    weight, x = random.normal(size=(WIDTH, 4)), random.normal(size=(1, 3, WIDTH)).astype(np.float32)
    weight[:, 1] = 0
    x[0, 2] = 0
    quantize(product(weight), tmp_path / "column.onnx")
    (found,) = run(tmp_path / "column.onnx", x=x)
    assert (found[0, :, 1] == 0).all()
    assert (found[0, 2] == 0).all()
    assert error(found, x @ weight) < 0.015
    quantize(product(np.zeros((WIDTH, 4))), tmp_path / "all.onnx")
    (found,) = run(tmp_path / "all.onnx", x=x)
    assert (found == 0).all()
    (found,) = run(tmp_path / "column.onnx", x=np.zeros_like(x))
    assert (found == 0).all()


def test_a_weight_or_rows_used_twice_are_turned_once(tmp_path, random):
    weights = {name: random.normal(size=(WIDTH, WIDTH)) for name in "vw"}
    ends = [("x", "v", "a"), ("x", "w", "b"), ("b", "w", "y")]
    nodes = [helper.make_node("MatMul", [rows, weight], [out]) for rows, weight, out in ends]
    quantize(graph(nodes, [("x", TensorProto.FLOAT, WIDTH)], weights, ("a", "y")), tmp_path / "q.onnx")
    x = random.normal(size=(1, 4, WIDTH)).astype(np.float32)
    a, y = run(tmp_path / "q.onnx", x=x)
    assert error(a, x @ weights["v"]) < 0.015
    assert error(y, x @ weights["w"] @ weights["w"]) < 0.03


def test_a_table_is_a_quarter_in_size_and_its_rows_are_what_they_were(tmp_path, random):
    table = random.normal(size=(MIN_TABLE_ROWS, WIDTH)) * random.uniform(0.01, 100, size=(MIN_TABLE_ROWS, 1))
    table[5] = 0
    node = helper.make_node("Gather", ["t", "ids"], ["y"], axis=0)
    quantize(graph([node], [("ids", TensorProto.INT64)], {"t": table}), tmp_path / "q.onnx")
    ids = np.array([[5, 0, MIN_TABLE_ROWS - 1, 7]])
    (found,) = run(tmp_path / "q.onnx", ids=ids)
    assert (found[0, 0] == 0).all()
    for row, expected in zip(found[0, 1:], table[ids[0, 1:]], strict=True):
        assert error(row, expected) < 0.015
    assert (tmp_path / "q.onnx").stat().st_size < 0.3 * table.size * 4
