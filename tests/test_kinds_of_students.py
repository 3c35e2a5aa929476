"""Every kind of student, task and choice among methods: built, published, and used by clients that know nothing of us.

A recorded teacher answers; the Hub is the embedded one, over HTTP.
"""

import csv
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory.hub.embedded import embedded_hub
from tests.test_pipeline import REST, sentences
from tests.tiny import tiny_base

METHODS = {
    "full": "method: full",
    "lora": "method: lora, init: pissa, adapter: true, rank: 4",
    "head": "method: head",
    "linear": "method: linear",
    "static": "method: static",
    "distil": "method: distil, teacher: full",
    "shrink": "method: shrink, teacher: full, layers: 1",
}
HEADER = """
name: mood
title: Mood of a sentence
license: apache-2.0
language: en
task:
  text: A sentence
  question: What is its mood?
  labels: {good: pleased, bad: displeased}
teacher: {recorded: teacher}
texts: {file: texts.jsonl}
compress: []
effort: quick
"""


@dataclass
class Hub:
    """A Hub with the tiny base model on it, and a home for the factory that publishes there."""

    environment: dict[str, str]
    place: Path

    def factory(self, *arguments, fails=False):
        """Run the command line; return what it prints on stdout, or the error it ends with."""
        command = [sys.executable, "-c", "from factory.cli import main; main()", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment, check=False)
        assert done.returncode == int(fails), done.stderr
        return done.stderr if fails else done.stdout

    def python(self, program):
        """Run a program that imports nothing of ours unless it says so, with an empty cache; return its JSON."""
        environment = {**self.environment, "HF_HOME": str(self.place / "clean"), "FACTORY_HOME": os.devnull}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def hub(tmp_path, home):
    """A Hub of this test's own."""
    root = tmp_path / "hub"
    importing = {**os.environ, "FACTORY_HOME": str(home)}
    command = [sys.executable, "-c", "from factory.cli import main; main()", "hub", "import"]
    base = str(tiny_base(tmp_path / "base"))
    subprocess.run([*command, base, "tests/tiny", "--root", str(root)], env=importing, check=True, capture_output=True)
    with embedded_hub(root) as access:
        yield Hub({**importing, "HF_ENDPOINT": access.endpoint, "HF_TOKEN": access.token}, tmp_path)


def write_recipe(folder, rows, text, gold=()):
    """Write a recipe with its texts, and the recorded answers of its teacher to them and to gold."""
    (folder / "teacher").mkdir(parents=True)
    write_lines(folder / "teacher" / "labels.jsonl", [*rows, *gold])
    texts = [{key: row[key] for key in ("text", "text_pair") if key in row} for row in rows]
    write_lines(folder / "texts.jsonl", texts)
    if gold:
        write_lines(folder / "gold.jsonl", gold)
    (folder / "recipe.yaml").write_text(text)
    return folder / "recipe.yaml"


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def based(name, settings):
    base = "" if settings == "method: linear" else "base_model: tests/tiny, "
    epochs = "epochs: 2, lr: 0.001, " if re.search("full|lora|distil|shrink", settings.split(",")[0]) else ""
    return f"  - {{name: {name}, {base}{epochs}{settings}}}\n"


USE = """
import json, re, sys
from huggingface_hub import hf_hub_download
from transformers import pipeline
import factory

texts = {texts}
tag = {tag!r}
plain = pipeline("text-classification", "local/mood-lora", truncation=True)
card = open(hf_hub_download("local/mood-lora-adapter", "README.md"), encoding="utf-8").read()
shown = {{}}
exec(re.search("```python\\n(.*?)```", card, re.DOTALL)[1], shown)
inputs = plain.tokenizer(texts, padding=True, return_tensors="pt")
difference = (plain.model(**inputs).logits - shown["classify"].model(**inputs).logits).abs().max().item()
said = {{name: factory.load(f"local/mood-{{name}}", tag)(texts) for name in {names}}}
print(json.dumps({{
    "plain": plain(texts), "adapter": shown["classify"](texts), "difference": difference, "said": said,
    "base": shown["base"].config.name_or_path,
}}))
"""


@pytest.mark.slow
def test_seven_methods_are_published_by_one_recipe_and_used_by_stock_clients(hub, tmp_path):
    students = "".join(based(name, settings) for name, settings in METHODS.items())
    rows = list(sentences(90, seed=1))
    recipe = write_recipe(tmp_path / "recipe", rows, f"{HEADER}students:\n{students}")
    urls = hub.factory("publish", recipe).splitlines()
    models = ["full", "lora", "lora-adapter", "head", "linear", "static", "distil", "shrink"]
    assert [url.split("/", 3)[-1] for url in urls[:-1]] == [
        *(f"local/mood-{name}" for name in models),
        "datasets/local/mood",
        "spaces/local/mood",
    ]

    texts = [row["text"] for row in sentences(4, seed=3)]
    tag = f"release-{json.loads(hub.factory('report', recipe, '--format', 'json'))['release']}"
    found = hub.python(USE.format(texts=texts, tag=tag, names=list(METHODS)))
    assert found["difference"] < 1e-4
    assert [one["label"] for one in found["plain"]] == [one["label"] for one in found["adapter"]]
    for name, answers in found["said"].items():
        assert {one["label"] for one in answers} <= {"good", "bad"}, name
        assert all(0.5 <= one["score"] <= 1 for one in answers), name
    for ours, theirs in zip(found["said"]["lora"], found["plain"], strict=True):
        assert ours == {"label": theirs["label"], "score": pytest.approx(theirs["score"], abs=0.02)}

    assert hub.factory("publish", recipe).splitlines() == ["nothing to do", *urls]


MULTI = """
name: talk
title: What a sentence talks of
license: apache-2.0
language: en
task:
  kind: multi-label
  text: A sentence
  question: What does it talk of?
  labels: {food: eating, weather: sun and rain}
teacher: {recorded: teacher}
texts: {file: texts.jsonl}
compress: []
effort: quick
students:
"""
PAIR = """
name: same
title: Do two sentences have the same mood
license: apache-2.0
language: en
task:
  kind: pair
  text: A sentence
  text_pair: Another sentence
  question: Is their mood the same?
  labels: {same: alike, other: unlike}
teacher: {recorded: teacher}
texts: {file: texts.jsonl}
compress: []
effort: quick
students:
"""
FOOD, WEATHER = ["apple", "bread", "fish", "lunch", "rice"], ["rain", "snow", "storm", "wind", "sun"]
SMALL = [("tiny", "method: full"), ("linear", "method: linear")]


def talks(count):
    """Texts with a word of each label that applies, which may be both or none."""
    for number in range(count):
        labels = [label for label, bit in (("food", 1), ("weather", 2)) if number % 4 & bit]
        told = [words[number % 5] for label, words in (("food", FOOD), ("weather", WEATHER)) if label in labels]
        yield {"text": " ".join(["the", "city", REST[number % 11], f"{number}", *told]), "labels": labels}


def pairs(count):
    """Sentences beside others, of which half have the same mood."""
    moods = list(sentences(2 * count, seed=5))
    for number, first in enumerate(moods[:count]):
        second = moods[count + number // 2]
        label = "same" if first["label"] == second["label"] else "other"
        yield {"text": first["text"], "text_pair": second["text"], "label": label}


def read_csv(text):
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.slow
def test_label_sets_are_published_and_a_file_is_labelled_with_all_that_apply(hub, tmp_path):
    students = "".join(based(name, settings) for name, settings in SMALL)
    recipe = write_recipe(tmp_path / "recipe", list(talks(80)), MULTI + students)
    hub.factory("publish", recipe)
    file = tmp_path / "new.csv"
    file.write_text("id,text\n1,the city rain and bread\n2,\n3,the storm\n")
    for name, _ in SMALL:
        first, blank, third = read_csv(hub.factory("label", f"local/talk-{name}", file))
        for row in (first, third):
            labels, scores = json.loads(row["label"]), json.loads(row["score"])
            assert set(labels) <= {"food", "weather"}
            assert scores == sorted(scores, reverse=True)
            assert len(labels) == len(scores)
        assert blank["label"] == ""
    assert hub.factory("publish", recipe).startswith("nothing to do")


@pytest.mark.slow
def test_pairs_are_published_and_a_file_is_labelled_by_both_columns(hub, tmp_path):
    students = "".join(based(name, settings) for name, settings in SMALL)
    recipe = write_recipe(tmp_path / "recipe", list(pairs(80)), PAIR + students)
    hub.factory("publish", recipe)
    file = tmp_path / "new.csv"
    file.write_text("text,text_pair\na good song,a nice book\na good song,an awful book\n")
    for name, _ in SMALL:
        rows = read_csv(hub.factory("label", f"local/same-{name}", file))
        assert [row["text_pair"] for row in rows] == ["a nice book", "an awful book"]
        assert {row["label"] for row in rows} <= {"same", "other"}
    (tmp_path / "alone.csv").write_text("text\na good song\n")
    assert "text_pair" in hub.factory("label", "local/same-tiny", tmp_path / "alone.csv", fails=True)


@pytest.mark.slow
def test_without_a_network_there_is_no_space_and_the_demo_says_why(hub, tmp_path):
    text = f"{HEADER}students:\n{based('linear', 'method: linear')}"
    recipe = write_recipe(tmp_path / "recipe", list(sentences(60, seed=1)), text)
    urls = hub.factory("publish", recipe).splitlines()
    assert [url.split("/", 3)[-1] for url in urls[:-1]] == ["local/mood-linear", "datasets/local/mood"]
    assert "/collections/local/" in urls[-1]
    said = hub.factory("demo", recipe, fails=True).splitlines()[-1]
    assert "no student that a `pipeline` loads, so its release has no Space" in said
    assert hub.factory("publish", recipe).splitlines() == ["nothing to do", *urls]


@pytest.mark.slow
def test_auto_is_published_as_what_validation_chose_with_a_table_of_what_was_tried(hub, tmp_path):
    text = f"{HEADER}students:\n{based('best', 'method: auto')}"
    recipe = write_recipe(tmp_path / "recipe", list(sentences(90, seed=1)), text)
    urls = hub.factory("publish", recipe).splitlines()
    assert urls[0].endswith("/local/mood-best")
    folder = Path(hub.factory("build", recipe).splitlines()[-1])
    card = (folder / "model-best" / "README.md").read_text()
    assert "2 runs were tried; validation rows chose among them, never gold." in card
    for method in ("linear", "head"):
        assert re.search(rf"^\|( \*\*| ){method}", card, re.MULTILINE)
    assert (folder / "space").is_dir() == any(url.endswith("/spaces/local/mood") for url in urls)
    assert hub.factory("publish", recipe).splitlines() == ["nothing to do", *urls]
