"""Publish a sum of modules: an adapter with a page that says what it is made of, and what that costs each task."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory.errors import HubError
from factory.hub.faults import explained
from factory.hub.fetch import find_file
from factory.hub.history import Repo
from factory.hub.preflight import check_ready
from factory.hub.push import Push
from factory.hub.staging import staged
from factory.hub.target import Target, factory_home
from factory.modules.loading import FILES, SIDECAR
from factory.modules.module import read_sidecar
from factory.release.sum_cards import sum_card
from factory.store import digest_of, hash_files

FOLDER = "module"
Json = dict[str, Any]


def publish_sum(target: Target, folder: Path, repo_id: str, *, private: bool = False) -> str:
    """Publish the sum of modules in `folder` as `repo_id` and return its address; the same sum again changes nothing.

    Raises HubError for a module that is no sum, for one that was not measured, and for a name that is taken.
    """
    about = read_sidecar(folder)
    _check(about, folder)
    repo = Repo("model", repo_id, FOLDER)
    _check_name(target, repo)
    check_ready(target, [repo], repo_id.split("/")[0], private=private)
    tag = f"release-{digest_of(hash_files(folder))[:12]}"
    factory_home().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sum-", dir=factory_home()) as root:
        _lay_out(Path(root) / FOLDER, folder, sum_card(about, repo_id, tag, target.name))
        with staged(Path(root)) as staging:
            Push(target, tag, private).run_alone(staging, repo)
    return repo.url(target.endpoint)


def _check(about: Mapping[str, Any], folder: Path) -> None:
    if "made_of" not in about:
        raise HubError(f"{folder} is no sum of modules; publish the recipe that it is of: factory publish RECIPE")
    if not about.get("interference"):
        raise HubError(f"{folder}: what its tasks do to each other was not measured; make it again with --texts")
    if "/" not in about["base"]["name"]:
        raise HubError(f"{folder}: its base model {about['base']['name']} is on no Hub, so nobody could load it")


def _check_name(target: Target, repo: Repo) -> None:
    """Raise HubError where there is something else by that name than a sum of modules."""
    if "/" not in repo.id:
        raise HubError(f"{repo.id!r} is no name to publish by; give OWNER/NAME, such as {target.user}/{repo.id}")
    with explained(repo.on(target)):
        if not target.api.repo_exists(repo.id):
            return
    sidecar = find_file(target, repo.id, SIDECAR)
    if sidecar is None or "made_of" not in json.loads(sidecar.read_text(encoding="utf-8")):
        raise HubError(f"{repo.on(target)} is there already and no sum of modules; choose another name")


def _lay_out(place: Path, folder: Path, card: str) -> None:
    place.mkdir()
    for name in FILES:
        shutil.copyfile(folder / name, place / name)
    (place / "README.md").write_text(card, encoding="utf-8", newline="\n")
