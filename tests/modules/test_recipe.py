"""The recipe of the house, and what is refused before anything is made."""

from pathlib import Path

import pytest

from factory.comparing.running import Comparing
from factory.errors import RecipeError
from factory.recipe import Recipe
from factory.recipe_module import Module
from tests.modules.llama import SETTINGS

RECIPE = Path(__file__).parents[2] / "recipes" / "news-topic-module" / "recipe.yaml"


def test_the_recipe_of_the_house_can_be_made():
    (module,) = Recipe.read(RECIPE).students
    assert isinstance(module, Module)
    assert [run.lr for run in module.runs("normal")] == [1e-3]


def test_a_module_is_not_compared_with_students_of_labels():
    with pytest.raises(RecipeError, match="a module is not compared with students that learn labels"):
        Comparing(Recipe.read(RECIPE), None, None)


def test_a_prompt_that_is_not_there_is_named_with_its_line():
    with pytest.raises(RecipeError, match=r"students\.0\.prompt: 'nothing.md' is not there"):
        Recipe.read(RECIPE, ["students.0.prompt=nothing.md"])


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("balance=sampling", r"students\.0\.balance: .* there is no class to balance; remove it"),
        ("merged=true", r"students\.0\.merged: a prompt's cache is no change of weights to merge; remove it"),
    ],
)
def test_what_a_module_cannot_do_is_refused(setting, told):
    with pytest.raises(RecipeError, match=told):
        Recipe.read(RECIPE, ["students.0.form=prefix-cache", f"students.0.{setting}"])


def test_merged_weights_on_request_are_published_beside_the_adapter_and_leave_it_as_it_is():
    merged = SETTINGS.model_copy(update={"merged": True})
    assert merged.repositories == ["toy", "toy-merged"]
    assert merged.identity == SETTINGS.identity


def test_each_form_tries_what_is_open_to_it():
    several = SETTINGS.model_copy(update={"lr": [1e-4, 1e-3], "ridge": [0.01, 0.1, 1.0]})
    forms = {form: several.model_copy(update={"form": form}) for form in ("prefix-cache", "activation-patch")}
    assert len(several.runs("normal")) == 2
    assert len(forms["activation-patch"].runs("normal")) == 3
    assert len(forms["prefix-cache"].runs("normal")) == 1
