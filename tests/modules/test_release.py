"""A prompt baked by one command, published on the embedded Hub, and pulled by name."""

import json
import re
import subprocess
import sys

import pytest

import factory
from factory.errors import DataError, GateError, HubError
from factory.hub.publish import publish
from factory.hub.target import factory_home, open_target
from factory.localhub.admin import import_folder
from factory.modules.composition import find_module, find_texts
from factory.modules.factors import fingerprint_base
from factory.modules.module import Module
from factory.pipeline import build
from factory.recipe import Recipe
from factory.serving.served import load_served
from tests.modules.llama import PROMPT, THINGS, WORDS, write_llama
from tests.tiny import tiny_base

RECIPE = """
name: liking
title: Liking
license: apache-2.0
language: en
task:
  text: A review
  question: Does it like the thing?
  labels: {"yes": likes it, "no": does not}
teacher: {recorded: teacher}
texts: {file: texts.jsonl}
filter: {min_words: 1, gold_ngram: 5}
compress: []
students:
  - name: topic
    method: module
    base_model: acme/llama
    prompt: prompt.md
    input: "{text}\\nVerdict:"
    rank: 4
    lr: 0.01
    epochs: 3
    min_fidelity: -100
"""


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    return write_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture
def recipe(tmp_path, home, llama):
    import_folder(home / "hub", llama, "acme/llama")
    folder = tmp_path / "recipe"
    (folder / "teacher").mkdir(parents=True)
    texts = [f"the {thing} was {word}" for thing in THINGS for word in WORDS]
    labels = ["yes" if text.split()[-1] in WORDS[:4] else "no" for text in texts]
    write_lines(folder / "texts.jsonl", [{"text": text} for text in texts])
    answers = [{"text": text, "label": label} for text, label in zip(texts, labels, strict=True)]
    write_lines(folder / "teacher" / "labels.jsonl", answers)
    write_lines(folder / "gold.jsonl", [{"text": f"so {row['text']} now", "label": row["label"]} for row in answers])
    (folder / "prompt.md").write_text(PROMPT)
    (folder / "recipe.yaml").write_text(RECIPE)
    return folder / "recipe.yaml"


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def run_with_hub(program, *arguments):
    """Run a program in a process of its own that finds the embedded Hub, and return what it prints."""
    with open_target() as target:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program, *arguments],
            env=target.environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(900)  # it builds, publishes, verifies, and runs the card in a process of its own
def test_a_prompt_is_baked_published_and_pulled_by_name_in_another_process(recipe, tmp_path):
    published = publish(Recipe.read(recipe, ["students.0.merged=true"]))
    name, merged = published.models
    texts = ["the pizza was great", "the dog was bad", "the house was nice"]
    answers = factory.load(name)(texts)

    assert merged == f"{name}-merged"
    assert factory.load(merged)(texts) == answers

    release = build(Recipe.read(recipe, ["students.0.merged=true"])).path
    folder = release / "model-topic"
    assert {file.name for file in folder.iterdir()} == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "eval", "module.json", "provenance.json",
        "recipe.yaml",
    }  # fmt: skip
    for place, number in ((folder, 1), (release / "model-topic-merged", 0)):
        code = re.findall(r"```python\n(.*?)```", (place / "README.md").read_text(), re.DOTALL)[number]
        assert ("peft" in code) is (place == folder)
        asking = f"{code}\nimport json, sys\nprint(json.dumps([classify(it) for it in sys.argv[1:]]))"
        said = run_with_hub(asking, *texts)
        assert [one["label"] for one in said] == [one["label"] for one in answers]
        assert [one["score"] for one in said] == pytest.approx([one["score"] for one in answers], abs=1e-3)
    with pytest.raises(HubError, match="merged weights stand alone; name the adapter instead"):
        load_served(name, None, [str(release / "model-topic-merged")])

    with open_target() as target:
        known = find_texts(target, find_module(target, name))
        assert known == find_texts(target, find_module(target, str(folder)))
    assert all(text.startswith("the ") for text in known)

    served = load_served(name, None, [str(folder)])
    assert served.commit
    assert served.answer(texts, None, str(folder)) == served.answer(texts, None, name)
    assert [one["label"] for one in served.answer(texts)] == [one["label"] for one in answers]
    with pytest.raises(DataError, match="'nobody' is not served here"):
        served.answer(texts, None, "nobody")

    other = write_llama(tmp_path / "other", seed=1)
    about = json.loads((folder / "module.json").read_text())
    with pytest.raises(HubError, match=f"{about['base']['sha256']}, but those here are {fingerprint_base(other)}"):
        Module.load(folder, other)
    assert about["prompt"]["text"] == PROMPT
    assert not publish(Recipe.read(recipe, ["students.0.merged=true"])).commits


def test_a_worthless_prompt_stops_the_build_before_anything_is_baked(recipe):
    with_gold = recipe.read_text().replace("filter:", "gold: {file: gold.jsonl, labelled_by: humans}\nfilter:")
    recipe.write_text(with_gold)
    with pytest.raises(GateError, match="this prompt is not worth baking: on 64 gold texts"):
        build(Recipe.read(recipe))
    assert not list(factory_home().glob("store/bake_module-*"))


def test_the_prompted_model_of_a_module_teaches_a_student_beside_it(recipe):
    recipe.write_text(
        recipe.read_text().replace("filter:", "gold: {file: gold.jsonl, labelled_by: humans}\nfilter:")
        + "    allow_worthless_prompt: true\n"
        + "  - {name: small, method: distil, base_model: acme/bert, teacher: topic, epochs: 1, soft_weight: 1.0}\n"
    )
    import_folder(factory_home() / "hub", tiny_base(recipe.parent / "bert"), "acme/bert")
    release = build(Recipe.read(recipe))
    assert [entry["name"] for entry in release.report["students"]] == ["topic", "small"]
    assert 0 <= release.report["students"][0]["module"]["ece"]["module"]["scaled"] <= 1
    card = (release.path / "model-small" / "README.md").read_text()
    assert "probabilities of the prompted model that `local/liking-topic` is made from" in card
    assert "expected calibration error" in (release.path / "model-topic" / "README.md").read_text()


def test_a_module_below_its_floor_is_not_published(recipe):
    recipe.write_text(recipe.read_text().replace("-100", "0.999").replace("0.01", "0.0000001"))
    with pytest.raises(GateError, match="topic has fidelity"):
        publish(Recipe.read(recipe))
