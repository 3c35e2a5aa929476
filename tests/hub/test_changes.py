"""Which repositories a recipe may fill."""

import pytest

from factory.errors import RecipeError
from factory.hub.changes import repos_of
from factory.recipe import Recipe

RECIPE = """
name: mood
title: Mood
license: apache-2.0
language: en
task: {text: A sentence, question: Which mood, labels: {good: pleased, bad: displeased}}
teacher: {recorded: .}
texts: {file: texts.jsonl}
students:
"""


@pytest.fixture
def list_repos(tmp_path):
    """Return the repositories of a recipe with such students."""
    (tmp_path / "texts.jsonl").touch()

    def listed(*students):
        lines = [f"  - {{name: {name}, {settings}}}\n" for name, settings in students]
        (tmp_path / "recipe.yaml").write_text(RECIPE + "".join(lines))
        found = repos_of(Recipe.read(tmp_path / "recipe.yaml"), "me")
        return [f"{repo.type} {repo.id} {repo.folder}" for repo in found]

    return listed


def test_an_adapter_on_request_has_a_repository_of_its_own(list_repos):
    lora = "base_model: a/b, method: lora"
    assert list_repos(("low", f"{lora}, adapter: true"), ("plain", lora)) == [
        "dataset me/mood dataset",
        "model me/mood-low model-low",
        "model me/mood-low-adapter model-low-adapter",
        "model me/mood-plain model-plain",
        "space me/mood space",
    ]


def test_students_without_a_network_have_no_space(list_repos):
    both = ("words", "method: linear"), ("vectors", "base_model: a/b, method: static")
    assert list_repos(*both)[-1] == "model me/mood-vectors model-vectors"
    assert list_repos(*both, ("best", "base_model: a/b, method: auto"))[-1] == "space me/mood space"


def test_an_adapter_and_a_student_cannot_have_the_same_name(list_repos):
    with pytest.raises(RecipeError, match="the adapter would be called 'low-adapter', as a student is"):
        list_repos(("low", "base_model: a/b, method: lora, adapter: true"), ("low-adapter", "method: linear"))
