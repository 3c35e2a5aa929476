"""Load a published module by name: its adapter merged into the base model that it was baked on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from factory.errors import HubError
from factory.students.classifier import Classifier

if TYPE_CHECKING:
    from factory.hub.target import Target

SIDECAR = "module.json"
FILES = (SIDECAR, "adapter_config.json", "adapter_model.safetensors")
BASE_FILES = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt")


def load_module(folder: Path, target: Target, base: Path | None = None) -> Classifier:
    """Return the module in `folder` as a classifier; its base model is in `base`, or comes from the Hub.

    Raises HubError where torch or the base model is missing, or where that has other weights than it was baked on.
    """
    try:
        from factory.modules.module import Module, read_sidecar
    except ImportError as fault:
        raise HubError(f"a module needs {fault.name}; pip install 'hf-factory[build]'") from fault

    about = read_sidecar(folder)
    module = Module.load(folder, base or find_base(target, about["base"]["name"], about["base"]["revision"]))
    return Classifier(list(about["labels"]), module.scores, reads_pairs=False)


def find_base(target: Target, name: str, revision: str) -> Path:
    """Return the folder of the cache with a base model of a Hub; raises HubError where it is not there."""
    from huggingface_hub.errors import HFValidationError

    from factory.hub.faults import FAULTS
    from factory.hub.fetch import Fetcher

    if "/" not in name:
        raise HubError(f"its base model {name} was a folder on the author's machine; give your copy as `base`")
    for place in Fetcher(target).places():
        try:
            found = place.api.snapshot_download(name, revision=revision, allow_patterns=list(BASE_FILES))
        except (*FAULTS, OSError, HFValidationError):
            continue
        return Path(found)
    raise HubError(f"its base model {name} at {revision} is not on {target.name}; import it there first")
