"""Make a student light: one ONNX file, and the same in int8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.store import Artifact, version
from factory.students.bags import BAGS
from factory.students.quiet import quiet_exporters, quiet_transformers

if TYPE_CHECKING:
    from onnx_ir import Model

SAMPLE = ["A short text.", "A text that is a little longer, so that the batch has to be padded."]
AXES = ("texts", "tokens")


def export_onnx(trained: Artifact, *, out: Path) -> None:
    """Write `model.onnx`, one file, for any number of texts of any length; nothing for a student without a network.

    Its inputs are those that the tokenizer gives and the model takes, its output is `logits` of shape (texts, labels).
    """
    import onnx_ir

    if _is_own_kind(trained.path / "model"):
        return
    with quiet_transformers(), quiet_exporters():
        graph = _export(trained.path / "model")
    _name_axes(graph)
    _remove_traces(graph)
    onnx_ir.save(graph, out / "model.onnx")


@version(2)
def quantize_onnx(exported: Artifact, *, out: Path) -> None:
    """Write `model_quantized.onnx`, the same in int8; nothing where nothing was exported."""
    import onnx

    from factory.students.quantization import quantize

    file = exported.path / "model.onnx"
    if file.exists():
        with quiet_exporters():
            quantize(onnx.load(file), out / "model_quantized.onnx")


def _is_own_kind(folder: Path) -> bool:
    """Tell the students that numpy runs from those of transformers."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config["model_type"] in BAGS


def _export(folder: Path) -> Model:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.exporters import OnnxConfig, OnnxExporter

    network = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True).eval()
    inputs = dict(AutoTokenizer.from_pretrained(folder)(SAMPLE, padding=True, return_tensors="pt"))
    exported: Any = OnnxExporter().export(network, inputs, config=OnnxConfig(dynamic=True))
    graph: Model = exported.program
    return graph


def _name_axes(model: Model) -> None:
    """Call the free axes of the inputs by what they count, not by the tracer's symbols."""
    import onnx_ir

    for given in model.graph.inputs:
        given.shape = onnx_ir.Shape(AXES)
    for result in model.graph.outputs:
        result.shape = onnx_ir.Shape([AXES[0], *(result.shape or ())[1:]])


def _remove_traces(model: Model) -> None:
    """Forget where each node came from: the exporter notes source lines with the paths of this machine."""
    for graph in model.graphs():
        graph.metadata_props.clear()
        for node in graph:
            node.metadata_props.clear()
            node.doc_string = None
            for value in node.outputs:
                value.metadata_props.clear()
        for value in (*graph.inputs, *graph.initializers.values()):
            value.metadata_props.clear()
