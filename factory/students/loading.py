"""Load a published model by name and label texts with it: onnxruntime and tokenizers, no torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from factory.errors import HubError

if TYPE_CHECKING:
    from factory.hub.target import Target

LIGHT_FILES = ("onnx/model_quantized.onnx", "onnx/model.onnx")
SETTINGS = ("config.json", "tokenizer.json", "tokenizer_config.json")
HEAVY_FILES = ("config.json", "tokenizer*.json", "special_tokens_map.json", "vocab.*", "merges.txt", "*.safetensors")
NO_LIMIT = 1_000_000  # a tokenizer without `model_max_length` says 1e30
Answer = dict[str, Any]
Scores = NDArray[np.float32]


class Classifier:
    """Gives each text a label of `labels` and its probability, one text at a time.

    One at a time because an int8 file scales its activations by what else is in the batch: the same text gets the
    same answer, alone or among others.
    """

    def __init__(self, labels: Sequence[str], score: Callable[[str], Scores]) -> None:
        self.labels = list(labels)
        self._score = score

    def __call__(self, texts: str | Sequence[str]) -> list[Answer]:
        """Return `{"label", "score"}` of the most likely label, one for each text."""
        return [self._answer(row) for row in self.scores([texts] if isinstance(texts, str) else texts)]

    def scores(self, texts: Sequence[str]) -> Scores:
        """Return the probabilities of all labels, an array of shape (texts, labels)."""
        if not texts:
            return np.empty((0, len(self.labels)), dtype=np.float32)
        return np.stack([self._score(text) for text in texts])

    def _answer(self, row: Scores) -> Answer:
        best = int(row.argmax())
        return {"label": self.labels[best], "score": float(row[best])}


def load(
    repo_id: str, revision: str | None = None, *, endpoint: str | None = None, token: str | None = None
) -> Classifier:
    """Return the model `repo_id` of a Hub: by default that of the environment, as for every command.

    Takes the int8 file, or the fp32 one where that is all there is; without ONNX, transformers reads the safetensors.
    Raises HubError when there is no such model, or when it is not one that can be read safely.
    """
    from factory.hub.embedded import Access
    from factory.hub.target import Target, open_target

    if endpoint:
        return _load_from(Target.at(Access(endpoint, token)), repo_id, revision)
    with open_target() as target:
        return _load_from(target, repo_id, revision)


def load_folder(folder: Path, file: Path | None = None) -> Classifier:
    """Return the model in `folder`, read with the ONNX file `file`, or the lightest that is there."""
    found = file or next((folder / name for name in LIGHT_FILES if (folder / name).is_file()), None)
    return _load_light(folder, found) if found else _load_heavy(folder)


def _load_from(target: Target, repo_id: str, revision: str | None) -> Classifier:
    from factory.hub.faults import explained

    with explained(f"{repo_id} on {target.name}"):
        names = target.api.list_repo_files(repo_id, revision=revision)
        light = next((name for name in LIGHT_FILES if name in names), None)
        wanted = [*SETTINGS, light] if light else list(HEAVY_FILES)
        folder = Path(target.api.snapshot_download(repo_id, revision=revision, allow_patterns=wanted))
    _check_files(repo_id, folder, light)
    return load_folder(folder)


def _check_files(repo_id: str, folder: Path, light: str | None) -> None:
    """Refuse what could only be read by unpickling or by running its own code."""
    missing = [name for name in SETTINGS if not (folder / name).is_file()]
    if missing:
        raise HubError(f"{repo_id} has no {missing[0]}; it is not a text classifier that can be loaded")
    if "auto_map" in _read_json(folder / "config.json"):
        raise HubError(f"{repo_id} needs code of its own (auto_map), which is never run; choose another model")
    if not light and not list(folder.glob("*.safetensors")):
        raise HubError(f"{repo_id} has neither ONNX nor safetensors; pickled weights can run code and are refused")


def _load_light(folder: Path, file: Path) -> Classifier:
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_max_length(folder))
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    inputs = [given.name for given in session.get_inputs()]

    def score(text: str) -> Scores:
        encoded = tokenizer.encode(text)
        known = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        (logits,) = session.run(["logits"], {name: np.array([known[name]], dtype=np.int64) for name in inputs})
        return _softmax(logits[0])

    return Classifier(_read_labels(folder), score)


def _load_heavy(folder: Path) -> Classifier:
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as fault:
        raise HubError(f"a model without ONNX needs {fault.name}; pip install 'hf-factory[build]'") from fault
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True).eval()

    def score(text: str) -> Scores:
        inputs = tokenizer(text, truncation=True, max_length=_max_length(folder), return_tensors="pt")
        with torch.inference_mode():
            return _softmax(network(**inputs).logits[0].float().numpy())

    return Classifier(_read_labels(folder), score)


def _max_length(folder: Path) -> int:
    """Return the tokens that a text may have: what the tokenizer says, or else the positions of the model."""
    said = _read_json(folder / "tokenizer_config.json").get("model_max_length", NO_LIMIT)
    return int(said if said < NO_LIMIT else _read_json(folder / "config.json").get("max_position_embeddings", 512))


def _read_labels(folder: Path) -> list[str]:
    names = _read_json(folder / "config.json")["id2label"]
    return [names[str(number)] for number in range(len(names))]


def _softmax(logits: Scores) -> Scores:
    raised: Scores = np.exp(logits - logits.max())
    return raised / raised.sum()


def _read_json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
