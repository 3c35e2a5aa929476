"""Load a published model by name or from a folder: onnxruntime and tokenizers, or numpy alone; no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.data.examples import Text
from factory.errors import HubError
from factory.modules.loading import FILES as MODULE_FILES
from factory.modules.loading import SIDECAR, load_module
from factory.students.bags import BAG_FILES, BAGS, read_bag
from factory.students.classifier import DEFAULT_THRESHOLD, Classifier, Scores, sigmoid, softmax
from factory.students.reading import read_json, read_onnx, read_safetensors

if TYPE_CHECKING:
    from factory.hub.target import Target

LIGHT_FILES = ("onnx/model_quantized.onnx", "onnx/model.onnx")
SETTINGS = ("config.json", "tokenizer.json", "tokenizer_config.json")
HEAVY_FILES = ("special_tokens_map.json", "vocab.*", "merges.txt", "*.model", "*.safetensors*")
PROBLEM_TYPES = (None, "single_label_classification", "multi_label_classification")
Config = dict[str, Any]


def load(
    repo_id: str,
    revision: str | None = None,
    *,
    endpoint: str | None = None,
    token: str | None = None,
    file: str | None = None,
    task: str | None = None,
) -> Classifier:
    """Return the model `repo_id` of a Hub (by default that of the environment, as for every command) or in a folder.

    Reads `file`, or else the int8 ONNX file, the fp32 one, or the safetensors, whichever is there first; only the
    last needs torch. Of a sum of modules `task` names the one that answers. Raises HubError when there is no such
    model, or none that can be read safely.
    """
    if Path(repo_id).is_dir() and not Path(repo_id, SIDECAR).is_file() and not task:
        return load_folder(Path(repo_id), Path(repo_id, file) if file else None)
    from factory.hub.embedded import Access
    from factory.hub.target import Target, open_target

    if endpoint:
        return _load_from(Target.at(Access(endpoint, token)), repo_id, revision, file, task)
    with open_target() as target:
        return _load_from(target, repo_id, revision, file, task)


def load_folder(folder: Path, file: Path | None = None) -> Classifier:
    """Return the model in `folder`, read with the ONNX file `file` or the lightest that is there.

    Raises HubError when it cannot be read safely: no pickled weights, no code of the model's own.
    """
    config = _read_config(folder)
    if _is_bag(config):
        return _finish(read_bag(folder, config), config)
    light = file or next((folder / name for name in LIGHT_FILES if (folder / name).is_file()), None)
    _check_files(folder, light)
    if light:
        return _finish(read_onnx(folder, config, light), config)
    return _finish(*read_safetensors(folder, config))


def _load_from(target: Target, repo_id: str, revision: str | None, file: str | None, task: str | None) -> Classifier:
    if Path(repo_id).is_dir():
        return load_module(Path(repo_id), target, task)
    rest: Sequence[str] = HEAVY_FILES
    for name in [file] if file else LIGHT_FILES:
        folder = download_files(target, repo_id, revision, [*SETTINGS, *MODULE_FILES, name])
        if (folder / SIDECAR).is_file():
            if (folder / "config.json").is_file():  # merged into its base model
                folder = download_files(target, repo_id, revision, [*SETTINGS, SIDECAR, *HEAVY_FILES])
            return load_module(folder, target, task)
        if task:
            raise HubError(f"{repo_id} is no sum of modules, so it has no task {task!r}; leave that out")
        if (folder / name).is_file():
            return load_folder(folder, folder / name)
        if (folder / "config.json").is_file() and _is_bag(_read_config(folder)):
            rest = BAG_FILES
            break
    if file:
        raise HubError(f"{repo_id} on {target.name} has no {file}; leave it out for the lightest that there is")
    return load_folder(download_files(target, repo_id, revision, [*SETTINGS, *rest]))


def download_files(target: Target, repo_id: str, revision: str | None, names: Sequence[str]) -> Path:
    """Return the folder of the cache with those of the files that the repository has; asks the Hub only once.

    Raises HubError where there is no such repository.
    """
    from factory.hub.faults import explained

    with explained(f"{repo_id} on {target.name}"):
        found = target.api.snapshot_download(
            repo_id, revision=revision, allow_patterns=list(names), tqdm_class=_silence()
        )
    return Path(found)


def _silence() -> Any:
    from huggingface_hub.utils.tqdm import tqdm

    class Silent(tqdm):
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **{**settings, "disable": True})  # type: ignore[no-untyped-call]

    return Silent


def _read_config(folder: Path) -> Config:
    """Return the model's configuration; refuse a task that is not ours, and a model that needs code of its own."""
    config = read_json(folder / "config.json")
    if "auto_map" in config:
        raise HubError(f"{folder}: needs code of its own (auto_map), which is never run; choose another model")
    if config.get("problem_type") not in PROBLEM_TYPES:
        raise HubError(f"{folder}: its task is {config['problem_type']}; choose a model that gives labels")
    if "id2label" in config and len(config["id2label"]) < (1 if _is_multi_label(config) else 2):
        raise HubError(f"{folder}: knows one label only, so it has nothing to tell apart; choose another model")
    return config


def _check_files(folder: Path, light: Path | None) -> None:
    """Refuse what only unpickling could read."""
    for name in SETTINGS if light else ():
        if not (folder / name).is_file():
            raise HubError(f"{folder}: has no {name}; it is not a text classifier that can be loaded")
    if light and not light.is_file():
        raise HubError(f"{light}: there is no such file; leave it out for the lightest that there is")
    if not light and not list(folder.glob("*.safetensors")):
        raise HubError(f"{folder}: has neither ONNX nor safetensors; pickled weights can run code and are refused")


def _finish(logits: Callable[[Sequence[Text]], Scores], config: Config) -> Classifier:
    """Return a classifier that turns `logits` into probabilities, as the task of the model is."""
    if "id2label" not in config:
        raise HubError("its config.json names no labels (id2label); choose a text classifier")
    named = config["id2label"]
    labels = [named[str(number)] for number in range(len(named))]
    if not _is_multi_label(config):
        return Classifier(labels, lambda texts: softmax(logits(texts)), reads_pairs=config.get("text_pair"))
    known = config.get("thresholds") or {}
    thresholds = [float(known.get(label, DEFAULT_THRESHOLD)) for label in labels]
    return Classifier(labels, lambda texts: sigmoid(logits(texts)), thresholds, config.get("text_pair"))


def _is_bag(config: Config) -> bool:
    return config.get("model_type") in BAGS


def _is_multi_label(config: Config) -> bool:
    return config.get("problem_type") == "multi_label_classification"
