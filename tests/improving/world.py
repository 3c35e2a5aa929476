"""Notes of which one word tells the mood: a student that has not met the word cannot know it."""

import random

from factory.recipe import Recipe
from tests.scripted_teacher import labels_by
from tests.sms import write_rows

GOOD = ["good", "great", "happy", "wonderful", "sweet", "best", "fun", "nice", "lovely", "superb", "bright", "calm"]
BAD = ["bad", "awful", "terrible", "wrong", "broken", "poor", "boring", "sick", "dead", "ugly", "dull", "nasty"]
THINGS = [
    "movie",
    "book",
    "dinner",
    "soup",
    "song",
    "friend",
    "city",
    "house",
    "table",
    "river",
    "train",
    "paper",
    "door",
    "garden",
    "shoe",
    "lamp",
    "bread",
]
VERBS = {1: "felt", 2: "seemed"}  # so that no text of one seed is one of another
RECIPE = """
name: mood
title: Mood of a note
license: mit
language: en
task: {text: A note, question: 'What is its mood?', labels: {good: pleased, bad: displeased}}
"""


def notes(count, seed):
    """So many different notes, as rows with text and label."""
    dice, found = random.Random(seed), {}
    while len(found) < count:
        mood = dice.choice((GOOD, BAD))
        found.setdefault(note(dice, mood, VERBS[seed]), "good" if mood is GOOD else "bad")
    return [{"text": text, "label": label} for text, label in found.items()]


def note(dice, words, verb="is"):
    """A note with one of the telling words."""
    first, second = dice.sample(THINGS, 2)
    return f"my {first} and the {second} {verb} {dice.choice(words)}"


def mood_of(text):
    return "good" if set(text.split()) & set(GOOD) else "bad"


def writes(asked):
    """Label notes, and write some whose telling word is among those that are asked for in turn."""
    if asked.text is not None:
        return labels_by(mood_of)(asked)
    wish, dice = asked.data, random.Random(asked.body["seed"])
    words = GOOD if wish["label"] == "good" else BAD
    return {"texts": [note(dice, words) for _ in range(wish["count"])]}


def write_recipe(folder, *, teacher, improve, gold=200, texts=240, more=""):
    """Write a recipe beside so many rows, none of gold or of texts where the number is 0, and return what it reads."""
    folder.mkdir(exist_ok=True)
    lines = [RECIPE, f"teacher: {teacher}", f"improve: {improve}", more]
    if gold:
        write_rows(folder / "gold.jsonl", notes(gold, seed=2))
        lines.append("gold: {file: gold.jsonl, labelled_by: humans}")
    if texts:
        write_rows(folder / "texts.jsonl", [{"text": row["text"]} for row in notes(texts, seed=1)])
        lines.append("texts: {file: texts.jsonl}")
    (folder / "recipe.yaml").write_text("\n".join(lines) + "\n")
    return Recipe.read(folder / "recipe.yaml")
