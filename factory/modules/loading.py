"""Load a published module by name: its adapter merged into the base model that it was baked on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from factory.errors import HubError
from factory.students.classifier import Classifier

if TYPE_CHECKING:
    from factory.hub.target import Target

SIDECAR = "module.json"
FILES = (SIDECAR, "adapter_config.json", "adapter_model.safetensors")


def load_module(folder: Path, target: Target, task: str | None = None) -> Classifier:
    """Return the module in `folder` as a classifier; its base model comes from the Hub, or is merged with it.

    Of a sum of modules `task` names the one that answers, by default the first.

    Raises HubError where torch or the base model is missing, or where that has other weights than it was baked on.
    """
    try:
        from factory.modules.module import Module, choose_task, is_merged, read_sidecar
    except ImportError as fault:
        raise HubError(f"a module needs {fault.name}; pip install 'hf-factory[build]'") from fault

    about = choose_task(read_sidecar(folder), task)
    if is_merged(folder):
        module = Module.load_merged(folder)
    else:
        module = Module.load(folder, find_base(target, about["base"]["name"], about["base"]["revision"]), task)
    return Classifier(list(about["labels"]), module.scores, reads_pairs=False)


def load_together(names: Sequence[str], revision: str | None = None) -> list[Classifier]:
    """Return modules of one base model, by name or in folders, on one copy of it in memory.

    Raises HubError for what is no module, and for one of another base model.
    """
    from factory.hub.target import open_target
    from factory.modules.module import read_sidecar
    from factory.modules.rack import Rack
    from factory.students.loading import download_files

    with open_target() as target:
        folders = [
            Path(name) if Path(name).is_dir() else download_files(target, name, revision, FILES) for name in names
        ]
        about = read_sidecar(folders[0])["base"]
        rack = Rack(find_base(target, about["name"], about["revision"]))
    for name, folder in zip(names, folders, strict=True):
        rack.attach(name, folder)
    return [rack.classifier(name) for name in names]


def find_base(target: Target, name: str, revision: str) -> Path:
    """Return the folder of the cache with a base model of a Hub; raises HubError where it is not there."""
    from huggingface_hub.errors import HFValidationError

    from factory.hub.faults import FAULTS
    from factory.hub.fetch import SETTINGS, TOKENIZER, WEIGHTS, Fetcher

    if "/" not in name:
        raise HubError(
            f"its base model {name} was a folder on the author's machine; "
            f"load your copy with it: factory.modules.module.Module.load(FOLDER, BASE)"
        )
    patterns = [*WEIGHTS, *SETTINGS, *TOKENIZER]
    for place in Fetcher(target).places():
        try:
            found = place.api.snapshot_download(name, revision=revision, allow_patterns=patterns)
        except (*FAULTS, OSError, HFValidationError):
            continue
        return Path(found)
    raise HubError(f"its base model {name} at {revision} is not on {target.name}; import it there first")
