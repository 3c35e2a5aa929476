import json

import pytest

from factory.localhub.pages.facts import Fact, Value, list_facts, list_results, list_tags
from factory.localhub.repos import create_repo, load_repo


@pytest.fixture
def repo_of(call):
    def create(card, **columns):
        with call.store.transaction() as db:
            create_repo(db, "model", "alice", "tiny", private=False)
            row = {"card": json.dumps(card), **columns}
            for column, value in row.items():
                db.execute(f"UPDATE repos SET {column} = ? WHERE name = 'tiny'", (value,))
        return load_repo(call.store.db, "model", "alice", "tiny")

    return create


def test_what_readers_look_for_comes_first_and_the_rest_by_name(call, repo_of):
    first, others = list_facts(call, repo_of({"zeta": 1, "language": ["en", "de"], "license": "mit", "alpha": [{}]}))
    assert first == [Fact("License", [Value("mit")]), Fact("Language", [Value("en"), Value("de")])]
    assert others == [Fact("alpha", [Value("[{}]")], is_nested=True), Fact("zeta", [Value("1")])]


def test_a_derived_task_and_library_are_facts_too(call, repo_of):
    first, _ = list_facts(call, repo_of({}, pipeline_tag="text-classification", library_name="transformers"))
    assert [fact.name for fact in first] == ["Task", "Library"]


def test_a_long_value_is_cut(call, repo_of):
    _, others = list_facts(call, repo_of({"notes": "x" * 1000}))
    assert others[0].values[0].text == "x" * 400 + "…"


@pytest.mark.parametrize(
    "index", [None, 1, [1], [{"results": 1}], [{"results": [1]}], [{"results": [{"metrics": [1]}]}]]
)
def test_a_model_index_of_another_form_has_no_results(repo_of, index):
    assert list_results(repo_of({"model-index": index})) == []


def test_results_without_names_show_their_types(repo_of):
    metrics = [{"type": "f1", "value": 0.123456}, {"type": "rows", "value": 200}]
    found = list_results(repo_of({"model-index": [{"results": [{"dataset": {"type": "d"}, "metrics": metrics}]}]}))
    assert [(result.dataset, result.metric, result.value) for result in found] == [
        ("d", "f1", "0.1235"),
        ("d", "rows", "200"),
    ]


def test_tags_are_those_of_the_card(repo_of):
    assert list_tags(repo_of({"tags": ["a", 1, {"b": 2}]})) == ["a", "1"]
