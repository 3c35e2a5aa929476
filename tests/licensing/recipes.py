"""Recipes that differ in what they are made of."""

import json

from factory.recipe import Recipe
from factory.store import Artifact

BASE = "org/base"
TEXT = """\
name: mood
title: Mood
license: apache-2.0
language: en
task: {text: A text, question: "Which mood?", labels: {good: pleased, bad: displeased}}
teacher: {model: some-model, base_url: "http://127.0.0.1:9/v1"}
texts: {file: texts.jsonl, license: mit}
gold: {file: gold.jsonl, labelled_by: humans, license: mit}
students: [{name: tiny, base_model: org/base}]
"""


def make_recipe(folder, *changes):
    """Return the recipe with each (old, new) replaced in its text."""
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    for name in ("texts", "gold"):
        (folder / f"{name}.jsonl").write_text('{"text": "Fine.", "label": "good"}\n')
    (folder / "recipe.yaml").write_text(text)
    return Recipe.read(folder)


def stated(folder, license_id, **more):
    """Return what a card said of the base model, as it is recorded."""
    (folder / "license.json").write_text(json.dumps({"license": license_id, **more}))
    return {f"model {BASE}": Artifact(folder, "")}
