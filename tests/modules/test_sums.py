"""Modules on a Hub, added by name, measured, and published again."""

import json
import re

import pytest
from click.testing import CliRunner

import factory
from factory.cli import commands
from factory.errors import HubError
from factory.hub.sums import publish_sum
from factory.hub.target import open_target
from factory.localhub.admin import import_folder
from factory.modules.arithmetic import Addend, add_modules
from tests.modules.llama import bake_toy

TEXTS = ["the pizza was great", "the dog was bad", "so nice"]


def call(*arguments):
    return CliRunner().invoke(commands, ["module", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def folders(made_of, tmp_path_factory):
    """Two modules, the other of which does the opposite."""
    place = tmp_path_factory.mktemp("sums")
    one = bake_toy(made_of, place / "one", lr=[1e-2], epochs=1).path / "model"
    add_modules([Addend("one", one, -1.0)], place / "other")
    return one, place / "other"


@pytest.fixture
def hub(home, made_of, folders):
    """The embedded Hub with the base model and both."""
    import_folder(home / "hub", made_of["base"].path, "acme/llama")
    for name, folder in zip(("acme/one", "acme/other"), folders, strict=True):
        import_folder(home / "hub", folder, name)
    return home / "hub"


def test_modules_are_added_by_name_measured_published_and_asked_for_each_task(hub, tmp_path):
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    texts = ["--texts", tmp_path / "texts.txt"]
    added = call("add", "acme/one", "acme/other@main", "--weights", "1,0", "--output", tmp_path / "both", *texts * 2)
    assert [line.split()[:2] for line in added.stdout.splitlines()[-3:-1]] == [["acme/one", "3"], ["acme/other", "3"]]
    about = json.loads((tmp_path / "both" / "module.json").read_text())
    assert [set(part) for part in about["made_of"]] == [{"name", "weight", "sha256", "commit"}] * 2
    assert about["interference"][0]["agreement"]["value"] == 1

    done = call("publish", tmp_path / "both", "local/both")
    assert done.stdout.strip().endswith("/local/both")
    alone = factory.load("acme/one")(TEXTS)
    assert factory.load("local/both")(TEXTS) == factory.load("local/both", task="acme/one")(TEXTS)
    assert [one["label"] for one in factory.load("local/both")(TEXTS)] == [one["label"] for one in alone]
    with pytest.raises(HubError, match="has no task 'nothing'; it has acme/one, acme/other"):
        factory.load("local/both", task="nothing")

    with open_target() as target:
        before = target.api.list_repo_commits("local/both")
        publish_sum(target, tmp_path / "both", "local/both")
        assert len(target.api.list_repo_commits("local/both")) == len(before)
        card = target.api.hf_hub_download("local/both", "README.md")
        with open(card, encoding="utf-8") as file:
            text = file.read()
        assert re.search(r"`acme/other` +\| +0 \|", text)
        code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[1]
        compile(code, "card", "exec")
        with pytest.raises(HubError, match=r"acme/llama on .* is there already and no sum of modules"):
            publish_sum(target, tmp_path / "both", "acme/llama")


def test_what_was_not_measured_or_is_no_sum_is_not_published(folders, tmp_path):
    with open_target() as target:
        with pytest.raises(HubError, match="is no sum of modules; publish the recipe"):
            publish_sum(target, folders[0], "local/one")
        with pytest.raises(HubError, match="was not measured; make it again with --texts"):
            publish_sum(target, folders[1], "local/other")
