"""What cards say of licences, asked for once."""

import json

import pytest
from click.testing import CliRunner
from huggingface_hub import CommitOperationAdd

from factory.cli import commands
from factory.errors import GateError
from factory.hub.embedded import Access, embedded_hub
from factory.hub.fetch import Fetcher
from factory.hub.publish import publish
from factory.hub.target import Target
from factory.licensing.parts import list_parts
from factory.licensing.recorded import find_licenses, list_known_parts
from factory.planning import Planner
from factory.store import Store
from tests.hub.meddler import meddler
from tests.licensing.recipes import make_recipe

CARDS = {
    ("model", "org/base"): "license: other\nlicense_name: gemma\nlicense_link: LICENSE",
    ("model", "org/plain"): "tags: [a]",
    ("dataset", "org/rows"): "license: [mit, cc-by-4.0]",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """A Hub with two models and a dataset."""
    with embedded_hub(tmp_path_factory.mktemp("hub")) as access:
        target = Target.at(access)
        for (kind, name), metadata in CARDS.items():
            mine = name.replace("org/", "local/")
            target.api.create_repo(mine, repo_type=kind)
            card = CommitOperationAdd("README.md", f"---\n{metadata}\n---\n# A card\n".encode())
            target.api.create_commit(mine, [card], repo_type=kind, commit_message="card")
        yield target


@pytest.fixture
def store(home):
    return Store(home / "store")


def recipe_of(folder, base="local/base"):
    texts = ("texts: {file: texts.jsonl, license: mit}", "texts: {dataset: local/rows}")
    return make_recipe(folder, ("org/base", base), texts)


def licenses(recipe, found):
    return [part.license for part in list_parts(recipe, found)]


def test_licences_are_read_from_cards_and_kept(tmp_path, target, store):
    recipe = recipe_of(tmp_path)
    assert licenses(recipe, find_licenses(recipe, store, Fetcher(target, None)))[:2] == ["gemma", "mit and cc-by-4.0"]
    gone = Fetcher(Target.at(Access("http://127.0.0.1:9")), None)
    assert licenses(recipe, find_licenses(recipe, store, gone))[:2] == ["gemma", "mit and cc-by-4.0"]
    assert [part.license for part in list_known_parts(recipe)][:2] == ["gemma", "mit and cc-by-4.0"]


def test_a_card_that_names_none_is_known_to(tmp_path, target, store):
    recipe = recipe_of(tmp_path, "local/plain")
    found = find_licenses(recipe, store, Fetcher(target, None))
    assert "model local/plain" in found
    assert licenses(recipe, found)[0] == ""


def test_what_no_hub_tells_is_asked_for_again(tmp_path, target, store, caplog):
    caplog.set_level("INFO", "factory")
    recipe = recipe_of(tmp_path)
    assert find_licenses(recipe, store, Fetcher(Target.at(Access("http://127.0.0.1:9")), None)) == {}
    assert "the licence of local/base is not known: no Hub that answers has it" in caplog.text
    assert len(find_licenses(recipe, store, Fetcher(target, None))) == 2


def test_rows_whose_licence_the_recipe_names_are_not_asked_for(tmp_path, target, store):
    texts = ("texts: {file: texts.jsonl, license: mit}", "texts: {dataset: local/rows, license: mit}")
    recipe = make_recipe(tmp_path, ("org/base", "local/base"), texts)
    assert list(find_licenses(recipe, store, Fetcher(target, None))) == ["model local/base"]


def test_a_hub_in_trouble_tells_no_licence_and_stops_nothing(tmp_path, target, store, caplog):
    caplog.set_level("INFO", "factory")
    with meddler(target.endpoint) as proxy:
        proxy.on("GET", "/api/models/local/base", lambda: 500)
        source = Fetcher(Target.at(Access(proxy.endpoint, target.token)), None)
        assert list(find_licenses(recipe_of(tmp_path), store, source)) == ["dataset local/rows"]
    assert "the licence of local/base on " in caplog.text


def test_a_plan_asks_nobody(tmp_path, target, store):
    assert find_licenses(recipe_of(tmp_path), Planner(store.root), Fetcher(target, None)) == {}
    assert not list(store.root.glob("fetch_license-*"))


def test_a_folder_has_the_licence_of_its_own_card(tmp_path, store):
    recipe = recipe_of(tmp_path, "./mine")
    assert licenses(recipe, find_licenses(recipe, store))[0] == ""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("---\nlicense: mit\n---\n# Mine\n")
    assert licenses(recipe, find_licenses(recipe, store))[0] == "mit"


def test_a_contradiction_is_refused_before_anything_is_paid_for(tmp_path, target, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", target.endpoint)
    monkeypatch.setenv("HF_TOKEN", target.token)
    gold = ("labelled_by: humans, license: mit", "labelled_by: humans, license: cc-by-nc-4.0")
    recipe = make_recipe(tmp_path, gold, ("org/base", "local/base"))  # its teacher does not answer
    with pytest.raises(GateError, match=r"^nothing was published: the gold gold\.jsonl is under cc-by-nc-4\.0"):
        publish(recipe)
    shown = CliRunner().invoke(commands, ["plan", str(recipe.path), "--format", "json"], catch_exceptions=False).stdout
    plan = json.loads(shown)
    base, _, gold, _ = plan["licenses"]
    assert (base["license"], gold["license"]) == ("gemma", "cc-by-nc-4.0")
    assert plan["warnings"][1].startswith("the gold gold.jsonl is under cc-by-nc-4.0, which allows no commercial use")
