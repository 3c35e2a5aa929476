import yaml

from factory.recipe import Recipe
from factory.release.recipe_text import publishable_text

TEXT = """\
# What a reader should know.
name: mood
title: Mood
license: mit
language: "no"
task: {text: A text, question: "Which mood?", labels: {good: pleased, bad: displeased}}
teacher: {model: m}
generate: {rows: 10}
students: [{name: tiny, base_model: org/tiny}]
"""


def write(folder, text=TEXT):
    (folder / "recipe.yaml").write_text(text)
    return folder / "recipe.yaml"


def test_a_recipe_is_published_as_it_was_written(tmp_path):
    path = write(tmp_path)
    assert publishable_text(Recipe.read(path), path) == TEXT


def test_an_overridden_recipe_is_published_with_the_settings_in_effect(tmp_path):
    path = write(tmp_path)
    text = publishable_text(Recipe.read(path, ["students.0.epochs=3", "title=Other"]), path)
    assert text != TEXT
    path.write_text(text)
    again = Recipe.read(path)
    assert (again.title, again.students[0].epochs, again.language) == ("Other", 3, "no")
    assert again == Recipe.read(write(tmp_path), ["students.0.epochs=3", "title=Other"])


def test_a_folder_of_one_machine_is_published_by_its_name_alone(tmp_path):
    place = tmp_path / "models" / "mine"
    path = write(tmp_path, TEXT.replace("org/tiny", str(place)))
    text = publishable_text(Recipe.read(path), path)
    assert str(tmp_path) not in text
    assert yaml.safe_load(text)["students"][0]["base_model"] == "./mine"
