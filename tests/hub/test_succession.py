"""A model that another one takes the place of says so on its card."""

from dataclasses import replace

import pytest
from huggingface_hub import CommitOperationAdd

from factory.errors import HubError
from factory.hub.history import Repo
from factory.hub.publish import Published
from factory.hub.push import push_release
from factory.hub.succession import Succession, find_due, find_successions, supersede, supersede_all, tell_former_name
from factory.recipe import Recipe
from factory.release.card_text import set_metadata
from tests.hub.small import FIRST, write_small

OLD = [
    Repo("dataset", "local/stance", "dataset"),
    Repo("model", "local/stance-tiny", "model-tiny"),
    Repo("model", "local/stance-big", "model-big"),
]
NEW = [
    Repo("dataset", "local/climate", "dataset"),
    Repo("model", "local/climate-small", "model-small"),
    Repo("model", "local/climate-big", "model-big"),
]
TEXT = """\
name: climate
title: Climate
license: mit
language: en
task: {text: A text, question: 'Which mood?', labels: {good: pleased, bad: displeased}}
teacher: {model: some-model}
generate: {rows: 4}
publish: {supersedes: NAME}
"""


@pytest.fixture(scope="module")
def hub(shared, tmp_path_factory):
    """A Hub with the release of a recipe under its old and its new name."""
    for repos in (OLD, NEW):
        folder = tmp_path_factory.mktemp("release")
        push_release(folder, repos, write_small(folder, FIRST, repos), private=False, target=shared)
    return shared


def recipe_of(folder, name):
    (folder / "recipe.yaml").write_text(TEXT.replace("NAME", name))
    return Recipe.read(folder)


def card(hub, name):
    return hub.api.hf_hub_download(name, "README.md", revision=hub.api.model_info(name).sha)


def commits(hub, name):
    return [commit.title for commit in hub.api.list_repo_commits(name)]


def test_models_of_a_former_name_are_succeeded_by_the_same_student_or_the_first(hub, tmp_path):
    found = find_successions(hub, recipe_of(tmp_path, "stance"), NEW)
    assert [(one.old.id, one.new) for one in found] == [
        ("local/stance-tiny", "local/climate-small"),
        ("local/stance-big", "local/climate-big"),
    ]
    (one,) = find_successions(hub, recipe_of(tmp_path, "local/stance-big"), NEW)
    assert (one.old.id, one.new) == ("local/stance-big", "local/climate-small")


def test_a_card_names_its_successor_once_and_keeps_what_people_wrote(hub):
    name = "local/stance-tiny"
    with open(card(hub, name)) as file:
        theirs = (
            "---\n# by hand\nlicense: mit  # as agreed\n" + file.read().split("---", 2)[1] + "---\nMine.\n\nMore.\n"
        )
    theirs = theirs.replace("license: apache-2.0\n", "")
    hub.api.create_commit(name, [CommitOperationAdd("README.md", theirs.encode())], commit_message="mine")
    succession = Succession(OLD[1], "local/climate-small")
    for _ in range(2):
        supersede_all(hub, find_due(hub, [succession]))
    supersede(hub, OLD[1], "local/climate-small")
    assert commits(hub, name)[:2] == ["Superseded by local/climate-small", "mine"]
    with open(card(hub, name)) as file:
        assert file.read() == theirs.replace("\n---\nMine.", "\nnew_version: local/climate-small\n---\nMine.")
    assert hub.api.model_info(name).card_data["new_version"] == "local/climate-small"


def test_a_successor_that_somebody_named_is_left_unless_asked(hub, caplog):
    supersede(hub, OLD[2], "local/stance-tiny")
    succession = Succession(OLD[2], "local/climate-big")
    assert find_due(hub, [succession]) == []
    assert "local/stance-big names local/stance-tiny as its successor; to go over that: --overwrite" in caplog.text
    assert find_due(hub, [succession], overwrite=True) == [succession]
    supersede(hub, OLD[2], "local/climate-big")
    assert hub.api.model_info("local/stance-big").card_data["new_version"] == "local/climate-big"


def test_to_name_a_successor_is_not_to_do_nothing():
    done = Published("release-a", [], ["the address"], [])
    assert str(done) == "nothing to do\nthe address"
    assert str(replace(done, successions=[Succession(OLD[1], "local/climate-small")])) == "the address"


def test_what_is_not_there_is_told_of_and_stops_nothing(hub, tmp_path, caplog):
    assert find_successions(hub, recipe_of(tmp_path, "nothing"), NEW) == []
    assert "publish.supersedes: local/nothing has no release with a model on" in caplog.text
    assert find_successions(hub, recipe_of(tmp_path, "climate"), NEW) == []  # itself


def test_a_recipe_that_is_published_under_another_name_is_told_how_to_say_so_once(hub, tmp_path, caplog):
    for name in ("local/stance", "local/stance", "org/climate", "local/climate", "local/climate"):
        tell_former_name(hub, recipe_of(tmp_path, "null"), name)
    (told,) = caplog.messages
    said = "was published as local/stance before; to name the new models on its cards: publish: {supersedes: stance}"
    assert told == f"{tmp_path / 'recipe.yaml'} {said}"
    tell_former_name(hub, recipe_of(tmp_path, "climate"), "local/other")
    assert caplog.messages == [told]


def test_only_a_model_is_superseded_and_only_by_one_that_is_there(hub):
    with pytest.raises(HubError, match=r"^dataset local/stance on .* is no model, and only a model's card can name"):
        supersede(hub, OLD[0], "local/climate-small")
    with pytest.raises(HubError, match=r"^local/none does not exist on .*; check the name of the successor"):
        supersede(hub, OLD[1], "local/none")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# A\n", "---\nnew_version: b\n---\n# A\n"),
        ("---\na: 1 # one\n---\n# A\n", "---\na: 1 # one\nnew_version: b\n---\n# A\n"),
        ("---\na: 1 # one\nnew_version: c\n---\n# A\n", "---\na: 1\nnew_version: b\n---\n# A\n"),
        ("---\r\na: 1\r\nnew_version: b\r\n---\r\n# A\r\n", "---\r\na: 1\r\nnew_version: b\r\n---\r\n# A\r\n"),
    ],
)
def test_metadata_is_added_to_what_is_written(before, after):
    assert set_metadata(before, {"new_version": "b"}) == after
