"""Load a published model by name and label texts with it: onnxruntime and tokenizers, no torch."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from factory.errors import HubError

if TYPE_CHECKING:
    from factory.hub.target import Target

LIGHT_FILES = ("onnx/model_quantized.onnx", "onnx/model.onnx")
SETTINGS = ("config.json", "tokenizer.json", "tokenizer_config.json")
HEAVY_FILES = ("special_tokens_map.json", "vocab.*", "merges.txt", "*.model", "*.safetensors*")
NO_LIMIT = 1_000_000  # a tokenizer without `model_max_length` says 1e30
Answer = dict[str, Any]
Scores = NDArray[np.float32]


class Classifier:
    """Gives each text the most likely of `labels` and its probability.

    Texts go through the model one at a time, as many at once as there are processors: an int8 file scales its
    activations by what else is in a batch, and so would give a text another answer in other company.
    """

    def __init__(self, labels: Sequence[str], score: Callable[[str], Scores]) -> None:
        self.labels = list(labels)
        self._score = score

    def __call__(self, texts: str | Sequence[str]) -> list[Answer]:
        """Return `{"label", "score"}` of the most likely label, one for each text."""
        return [self._answer(row) for row in self.scores([texts] if isinstance(texts, str) else texts)]

    def scores(self, texts: Sequence[str]) -> Scores:
        """Return the probabilities of all labels, an array of shape (texts, labels)."""
        return np.array(list(self._score_each(texts)), dtype=np.float32).reshape(len(texts), len(self.labels))

    def _score_each(self, texts: Sequence[str]) -> Iterable[Scores]:
        workers = min(len(texts), _count_processors())
        if workers < 2:
            return map(self._score, texts)
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(self._score, texts))

    def _answer(self, row: Scores) -> Answer:
        best = int(row.argmax())
        return {"label": self.labels[best], "score": float(row[best])}


def load(
    repo_id: str,
    revision: str | None = None,
    *,
    endpoint: str | None = None,
    token: str | None = None,
    file: str | None = None,
) -> Classifier:
    """Return the model `repo_id` of a Hub (by default that of the environment, as for every command) or in a folder.

    Reads `file`, or else the int8 ONNX file, the fp32 one, or the safetensors, whichever is there first; only the
    last needs torch. Raises HubError when there is no such model, or none that can be read safely.
    """
    if Path(repo_id).is_dir():
        return load_folder(Path(repo_id), Path(repo_id, file) if file else None)
    from factory.hub.embedded import Access
    from factory.hub.target import Target, open_target

    if endpoint:
        return _load_from(Target.at(Access(endpoint, token)), repo_id, revision, file)
    with open_target() as target:
        return _load_from(target, repo_id, revision, file)


def load_folder(folder: Path, file: Path | None = None) -> Classifier:
    """Return the model in `folder`, read with the ONNX file `file` or the lightest that is there.

    Raises HubError when it cannot be read safely: no pickled weights, no code of the model's own.
    """
    light = file or next((folder / name for name in LIGHT_FILES if (folder / name).is_file()), None)
    config = _check_files(folder, light)
    return _load_light(folder, config, light) if light else _load_heavy(folder, config)


def _load_from(target: Target, repo_id: str, revision: str | None, file: str | None) -> Classifier:
    place = f"{repo_id} on {target.name}"
    for name in [file] if file else LIGHT_FILES:
        folder = _download(target, repo_id, revision, [*SETTINGS, name], place)
        if (folder / name).is_file():
            return load_folder(folder, folder / name)
    if file:
        raise HubError(f"{place} has no {file}; leave it out for the lightest that there is")
    return load_folder(_download(target, repo_id, revision, [*SETTINGS, *HEAVY_FILES], place))


def _download(target: Target, repo_id: str, revision: str | None, names: list[str], place: str) -> Path:
    """Return the folder of the cache with those of the files that the repository has; asks the Hub only once."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    from factory.hub.faults import explained

    try:
        with explained(place):
            found = target.api.snapshot_download(
                repo_id, revision=revision, allow_patterns=names, tqdm_class=_silence()
            )
    except LocalEntryNotFoundError as fault:
        raise HubError(f"{place} cannot be reached and is not in the cache; check the connection") from fault
    return Path(found)


def _silence() -> Any:
    from huggingface_hub.utils.tqdm import tqdm

    class Silent(tqdm):
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **{**settings, "disable": True})  # type: ignore[no-untyped-call]

    return Silent


def _check_files(folder: Path, light: Path | None) -> dict[str, Any]:
    """Return the model's configuration; refuse what only unpickling or the model's own code could read."""
    for name in SETTINGS if light else SETTINGS[:1]:
        if not (folder / name).is_file():
            raise HubError(f"{folder}: has no {name}; it is not a text classifier that can be loaded")
    config = _read_json(folder / "config.json")
    if "auto_map" in config:
        raise HubError(f"{folder}: needs code of its own (auto_map), which is never run; choose another model")
    if config.get("problem_type") not in (None, "single_label_classification"):
        raise HubError(f"{folder}: its task is {config['problem_type']}; only one label a text can be given")
    if light and not light.is_file():
        raise HubError(f"{light}: there is no such file; leave it out for the lightest that there is")
    if not light and not list(folder.glob("*.safetensors")):
        raise HubError(f"{folder}: has neither ONNX nor safetensors; pickled weights can run code and are refused")
    return config


def _load_light(folder: Path, config: dict[str, Any], file: Path) -> Classifier:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_max_length(folder, config))
    session = _open_session(file)
    inputs = [given.name for given in session.get_inputs()]

    def score(text: str) -> Scores:
        read = tokenizer.encode(text)
        known = {"input_ids": read.ids, "attention_mask": read.attention_mask, "token_type_ids": read.type_ids}
        (logits,) = session.run(["logits"], {name: np.array([known[name]], dtype=np.int64) for name in inputs})
        return _softmax(logits[0])

    names = config["id2label"]
    return Classifier([names[str(number)] for number in range(len(names))], score)


def _open_session(file: Path) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as faults

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # texts run side by side instead: the same answers on any number of processors
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except (faults.Fail, faults.InvalidArgument, faults.InvalidGraph, faults.InvalidProtobuf) as fault:
        raise HubError(f"{file}: is damaged or no ONNX file; delete it and pull it again") from fault


def _load_heavy(folder: Path, config: dict[str, Any]) -> Classifier:
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError as fault:
        raise HubError(f"a model without ONNX needs {fault.name}; pip install 'hf-factory[build]'") from fault
    from factory.students.quiet import quiet_transformers

    with quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        network = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True).eval()
    max_length = _max_length(folder, config)

    def score(text: str) -> Scores:
        inputs = tokenizer(text, truncation=True, max_length=max_length, return_tensors="pt")
        with torch.inference_mode():
            return _softmax(network(**inputs).logits[0].float().numpy())

    return Classifier([network.config.id2label[number] for number in range(network.config.num_labels)], score)


def _max_length(folder: Path, config: dict[str, Any]) -> int:
    """Return the tokens that a text may have: what the tokenizer says, or else the positions of the model."""
    settings = folder / "tokenizer_config.json"
    said = _read_json(settings).get("model_max_length") if settings.is_file() else None
    return int(said) if said and said < NO_LIMIT else int(config.get("max_position_embeddings", 512))


def _softmax(logits: Scores) -> Scores:
    raised: Scores = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), dtype=np.float32)


def _count_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise HubError(f"{path}: is no JSON ({fault}); pull the model again") from fault
    return found
