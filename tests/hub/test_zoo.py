"""What is published, pulled back, listed, superseded and deleted by name."""

import json

import pytest
from click.testing import CliRunner
from huggingface_hub import CommitOperationAdd

from factory.cli import commands
from factory.errors import HubError
from factory.hub.embedded import embedded_hub
from factory.hub.history import Repo
from factory.hub.pull import pull
from factory.hub.push import push_release
from factory.hub.target import Target
from factory.hub.zoo import find_leftovers, find_repo, list_zoo, render_zoo
from tests.hub.scored import REPOS, make_release
from tests.hub.small import SECOND, write_small

MODEL = "local/climate-stance-minilm"


@pytest.fixture
def target(published):
    """A Hub with one release, and one that is not ours."""
    published.api.create_repo("local/other", exist_ok=True)
    return published


@pytest.fixture
def run(target, monkeypatch):
    """The command line on that Hub."""
    monkeypatch.setenv("HF_ENDPOINT", target.endpoint)
    monkeypatch.setenv("HF_TOKEN", target.token)

    def called(*arguments, **options):
        result = CliRunner().invoke(commands, arguments, catch_exceptions=False, **options)
        assert result.exit_code == 0, result.output
        return result.stdout

    return called


@pytest.mark.parametrize("revision", ["", "@v1", "@release-aaaaaaaaaaaa", "@main"])
def test_a_release_is_pulled_and_its_files_and_scores_are_checked(target, revision):
    pulled = pull(target, MODEL + revision, run=False)  # its weights are none
    assert (pulled.release, pulled.scores) == ("aaaaaaaaaaaa", 6)
    assert (pulled.folder / "model.safetensors").is_file()


def test_datasets_and_spaces_are_pulled_too(target, run):
    folder = run("pull", "local/climate-stance", "--type", "dataset").strip()
    assert folder.endswith(target.api.list_repo_commits("local/climate-stance", repo_type="dataset")[1].commit_id)
    assert json.loads(run("pull", "local/climate-stance", "--type", "space", "--format", "json"))["files"] == 4


def test_what_is_no_release_is_named(target):
    with pytest.raises(HubError, match=r"^provenance\.json of local/other on .* does not exist"):
        pull(target, "local/other")
    with pytest.raises(HubError, match=r"^dataset local/nothing at v1 on .* has no manifest; hf-factory did not"):
        pull(target, "local/nothing@v1", "dataset")


def test_a_pulled_file_that_is_not_the_released_one_is_refused(target):
    pulled = pull(target, MODEL, run=False)
    (pulled.folder / "tokenizer.json").unlink()
    (pulled.folder / "tokenizer.json").write_text("{ }")
    with pytest.raises(HubError, match=r"is not what was released \(tokenizer\.json has other bytes\); do not use it"):
        pull(target, MODEL)


def test_code_and_scores_that_do_not_hold_are_refused(tmp_path, home):
    with embedded_hub(home / "hub") as access:
        target = Target.at(access)
        _, release = make_release(tmp_path, "cccccccccccc")
        model = release.path / "model-minilm"
        (model / "modeling.py").write_text("print('hello')")
        (model / "pytorch_model.bin").write_bytes(b"pickle")
        push_release(release.path, REPOS, "release-cccccccccccc", private=False, target=target)
        with pytest.raises(HubError, match=r"pytorch_model\.bin could run code; modeling\.py could run code"):
            pull(target, MODEL)


def test_the_zoo_lists_models_with_their_scores(target, run):
    (animal,) = list_zoo(target, "local")
    assert (animal.id, animal.version, animal.entry["gold"]["rows"]) == (MODEL, "v1", 55)
    assert render_zoo([animal]).splitlines()[1].startswith(f"{MODEL}  full")
    assert json.loads(run("ls", "--format", "json"))[0]["id"] == MODEL


def test_a_student_that_is_no_longer_in_the_recipe_is_a_leftover(target, tmp_path, run):
    repos = [Repo("dataset", "local/left", "dataset"), Repo("model", "local/left-old", "model-old")]
    tag = write_small(tmp_path, "dddddddddddd", repos)
    push_release(tmp_path, repos, tag, private=False, target=target)
    push_release(tmp_path, repos[:1], write_small(tmp_path, SECOND, repos[:1]), private=False, target=target)
    assert [repo.id for repo in find_leftovers(target, repos[:1])] == ["local/left-old"]

    run("unpublish", "local/left-old", "--superseded-by", MODEL)
    assert target.api.model_info("local/left-old").card_data["new_version"] == MODEL
    target.api.create_commit("local/left-old", [CommitOperationAdd("a.txt", b"")], commit_message="mine")
    shown = run("unpublish", "local/left-old", input="n\n")
    assert shown.startswith("model local/left-old (0 downloads, 0 likes, 2 commits since the release)")
    assert target.api.repo_exists("local/left-old")
    run("unpublish", "local/left-old", "--yes")
    assert not target.api.repo_exists("local/left-old")


def test_a_name_of_two_repositories_asks_which(target):
    with pytest.raises(HubError, match=r"^local/climate-stance is a dataset and a space on .*; say which with --type"):
        find_repo(target, "local/climate-stance", None)
    with pytest.raises(HubError, match=r"^local/other on .* is no release of hf-factory"):
        find_repo(target, "local/other", None)
