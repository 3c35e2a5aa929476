"""Students that need no network, trained for a comparison and for a curve."""

import json
import random

import pytest

from factory.comparing.running import compare_recipes, trace_recipe
from factory.errors import RecipeError
from factory.hub.target import open_target
from factory.recipe import Recipe
from factory.store import Store

REST = ["film", "song", "soup", "book", "house", "city", "friend", "night"]
WORDS = {"good": ["great", "happy", "lovely"], "bad": ["awful", "broken", "sad"]}


def rows(count, seed):
    dice = random.Random(seed)
    for number in range(count):
        label = "good" if number % 2 else "bad"
        rest = " ".join(dice.choices(REST, k=5))
        yield {"text": f"{number} {rest} {dice.choice(WORDS[label])}", "label": label}


def write_lines(path, lines):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_recipe(folder, gold="gold: {file: gold.jsonl, labelled_by: humans}"):
    texts, held = list(rows(160, seed=1)), list(rows(60, seed=2))
    write_lines(folder / "texts.jsonl", [{"text": row["text"]} for row in texts])
    write_lines(folder / "gold.jsonl", held)
    write_lines(folder / "teacher" / "labels.jsonl", [*texts, *held[:40]])
    (folder / "recipe.yaml").write_text(f"""
name: mood
title: Mood
license: apache-2.0
language: en
task:
  text: A sentence
  question: What is its mood?
  labels: {{good: happy, bad: sad}}
teacher: {{recorded: teacher, model: nobody}}
texts: {{file: texts.jsonl}}
{gold}
students:
  - {{name: words, method: linear, seeds: 2}}
  - {{name: other, method: linear, seed: 7}}
compress: []
""")
    return Recipe.read(folder / "recipe.yaml")


@pytest.fixture
def target():
    with open_target() as opened:
        yield opened


def test_students_are_trained_once_and_compared_on_gold(tmp_path, target):
    recipe, store = write_recipe(tmp_path), Store(tmp_path / "store")
    made = compare_recipes([recipe], "words", store=store, target=target)
    (task,) = made["tasks"]
    assert (task["name"], task["rows"], task["teacher"]["rows"]) == ("mood", 60, 40)
    words, other = task["students"]
    assert (words["seeds"], other["seeds"], other["reference"]) == ([0, 1], [7], "words")
    assert words["gold"]["accuracy"]["value"] > 0.9
    assert words["bytes"] > 0
    assert words["search_cpu_seconds"] > words["cpu_seconds"] > 0
    before = sorted(path.name for path in store.root.iterdir())
    assert compare_recipes([recipe], "words", store=store, target=target) == made
    assert sorted(path.name for path in store.root.iterdir()) == before


def test_a_curve_has_an_eighth_to_all_of_the_rows(tmp_path, target):
    traced = trace_recipe(write_recipe(tmp_path), store=Store(tmp_path / "store"), target=target)
    learned = [point["rows"] for point in traced["students"][0]["points"]]
    assert len(learned) == 4
    assert learned == pytest.approx([learned[3] * share for share in (1 / 8, 1 / 4, 1 / 2, 1)], abs=4)


def test_without_gold_nothing_is_compared(tmp_path, target):
    with pytest.raises(RecipeError, match="has no `gold`, so that nothing can be compared"):
        compare_recipes([write_recipe(tmp_path, gold="")], store=Store(tmp_path / "store"), target=target)
