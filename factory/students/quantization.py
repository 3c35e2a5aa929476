"""Write an ONNX graph in int8 that answers nearly as it did in fp32, on processors with and without VNNI.

What int8 loses it loses to outliers: one large number sets the scale of all that share it. So numbers are spread
before they are rounded. The rows that meet a weight, and the weight, are turned by a Hadamard matrix, which changes
no product (QuaRot, Ashkboos et al. 2024), here in blocks of at most 32; then each row is divided by its largest
number, so that no token sets the scale of another (ZeroQuant, Yao et al. 2022). Measured on two MiniLM of three
labels: the error of their logits falls to a fifth, agreement with fp32 rises from 96 to 99 %, time by up to a fifth.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

MAX_BLOCK = 32
MIN_TABLE_ROWS = 1000  # smaller tables, such as those of positions, weigh too little
LARGEST = 127  # of a signed byte
SMALLEST = np.array(1e-12, np.float32)  # in place of the largest of a row of zeros
Array = NDArray[Any]


def quantize(model: ModelProto, file: Path) -> None:
    """Write `model` to `file`: weights in eight bits, one scale a channel; tables of embeddings, one scale a row.

    Weights are unsigned: products of signed ones are added in 16 bits by processors without VNNI, which overflow.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    turned = _Rewriting(model.graph).run()
    quantize_dynamic(
        model,
        file,
        per_channel=True,
        weight_type=QuantType.QUInt8,
        op_types_to_quantize=["MatMul"],
        nodes_to_exclude=turned,
    )


class _Rewriting:
    """A graph on its way from `graph.node` to `nodes`, with the constants that those read."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph
        self.weights = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2}
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, Array] = {}
        self.rows: dict[str, tuple[str, str]] = {}
        self.turned: list[str] = []

    def run(self) -> list[str]:
        """Rewrite the graph in place; return the names of the products that are to stay in fp32."""
        for node in self.graph.node:
            if node.op_type == "MatMul" and node.input[1] in self.weights:
                self._spread_product(node)
            elif node.op_type == "Gather" and self._is_table(node.input[0]):
                self._narrow_table(node)
            else:
                self.nodes.append(node)
        self._put_back()
        return self.turned

    def _spread_product(self, node: NodeProto) -> None:
        """rows x weight = size(rows) (rows / size(rows) H) (H weight)"""
        rows, weight = node.input
        array = self._read(weight)
        if rows not in self.rows:
            self.rows[rows] = self._spread_rows(rows, len(array))
        spread, size = self.rows[rows]
        weight = self._keep(f"{weight}.turned", _turn(array.T).T)
        product = self._add("MatMul", [spread, weight], f"{node.output[0]}.unit", name=node.name)
        self._add("Mul", [product, size], node.output[0])

    def _spread_rows(self, rows: str, width: int) -> tuple[str, str]:
        """Return the turned rows with one as the largest number of each, and by how much that made them smaller."""
        turned = self._turn_rows(rows, f"{rows}.turned", width)
        last = self._keep("last_axis", np.array([-1]))
        largest = self._add("ReduceMax", [self._add("Abs", [turned], f"{rows}.abs"), last], f"{rows}.max", keepdims=1)
        size = self._add("Max", [largest, self._keep("smallest", SMALLEST)], f"{rows}.size")
        return self._add("Div", [turned, size], f"{rows}.spread"), size

    def _is_table(self, name: str) -> bool:
        return name in self.weights and self.weights[name].dims[0] >= MIN_TABLE_ROWS

    def _narrow_table(self, node: NodeProto) -> None:
        """table[ids] = (whole[ids] scale[ids]) H, for a table that is turned before it is rounded."""
        from onnx import TensorProto

        (table, ids), out = node.input, node.output[0]
        array = _turn(self._read(table))
        scale = np.abs(array).max(axis=1, keepdims=True) / LARGEST
        whole = np.rint(array / np.maximum(scale, SMALLEST)).astype(np.int8)
        found = self._add("Gather", [self._keep(f"{table}.whole", whole), ids], f"{out}.whole", axis=0)
        scales = self._add("Gather", [self._keep(f"{table}.scale", scale), ids], f"{out}.scale", axis=0)
        real = self._add("Cast", [found], f"{out}.real", to=TensorProto.FLOAT)
        turned = self._add("Mul", [real, scales], f"{out}.turned")
        self._turn_rows(turned, out, array.shape[1])

    def _turn_rows(self, rows: str, out: str, width: int) -> str:
        block = _block(width)
        matrix = self._keep(f"hadamard_{block}", _hadamard(block))
        apart = self._add("Reshape", [rows, self._keep(f"in_{block}", np.array([0, 0, -1, block]))], f"{out}.apart")
        self.turned.append(f"{out}.blocks")
        blocks = self._add("MatMul", [apart, matrix], f"{out}.blocks", name=f"{out}.blocks")
        return self._add("Reshape", [blocks, self._keep(f"to_{width}", np.array([0, 0, width]))], out)

    def _read(self, name: str) -> Array:
        from onnx import numpy_helper

        array: Array = numpy_helper.to_array(self.weights[name])
        return array

    def _keep(self, name: str, array: Array) -> str:
        self.constants[name] = array
        return name

    def _add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _put_back(self) -> None:
        from onnx import numpy_helper

        read = {name for node in self.nodes for name in node.input}
        tensors = [tensor for tensor in self.graph.initializer if tensor.name in read]
        tensors += [
            numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in self.constants.items()
        ]
        for field, values in ((self.graph.node, self.nodes), (self.graph.initializer, tensors)):
            del field[:]
            field.extend(values)


def _turn(rows: Array) -> Array:
    """Multiply blocks of each row by a Hadamard matrix, which is its own inverse."""
    block = _block(rows.shape[1])
    return (rows.reshape(-1, block) @ _hadamard(block)).reshape(rows.shape)


def _block(width: int) -> int:
    """Return the largest power of two that divides a width, at most MAX_BLOCK."""
    return min(width & -width, MAX_BLOCK)


def _hadamard(size: int) -> Array:
    """Return Sylvester's matrix of signs (`size` a power of two), scaled to turn without stretching."""
    signs = np.ones((1, 1), np.float32)
    while len(signs) < size:
        signs = np.block([[signs, signs], [signs, -signs]])
    return signs / np.float32(np.sqrt(size))
