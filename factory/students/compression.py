"""Make a student light: one ONNX file, and the same in int8."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from factory.store import Artifact
from factory.students.quiet import quiet_libraries

SAMPLE = ["A short text.", "A text that is a little longer, so that the batch has to be padded."]


def export_onnx(trained: Artifact, *, out: Path) -> None:
    """Write `model.onnx`, one file, for any number of texts of any length.

    Its inputs are those that the tokenizer gives and the model takes, its output is `logits` of shape (texts, labels).
    Follows `transformers.exporters`.
    """
    import onnx_ir
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.exporters import OnnxConfig, OnnxExporter

    folder = trained.path / "model"
    with quiet_libraries(), redirect_stdout(StringIO()):  # torch.onnx prints its progress
        network = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True).eval()
        sample = AutoTokenizer.from_pretrained(folder)(SAMPLE, padding=True, return_tensors="pt")
        exported: Any = OnnxExporter().export(network, dict(sample), config=OnnxConfig(dynamic=True))
        onnx_ir.save(exported.program, out / "model.onnx")


def quantize_onnx(exported: Artifact, *, out: Path) -> None:
    """Write `model_quantized.onnx`: weights in int8, one scale a channel, activations scaled as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with quiet_libraries():
        quantize_dynamic(
            exported.path / "model.onnx",
            out / "model_quantized.onnx",
            per_channel=True,
            weight_type=QuantType.QInt8,
        )
