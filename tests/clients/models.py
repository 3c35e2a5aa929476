"""Two tiny models: spam, by a recipe as a user writes one, and topics, of which several may apply to a text."""

import json
import os
import subprocess
import sys
from pathlib import Path

from factory.store import Artifact
from factory.students.compression import export_onnx, quantize_onnx
from tests.hub.releases import write_model

ROOT = Path(__file__).parents[2]
SPAM = ROOT / "recipes" / "sms-spam"
TOPICS = ["money", "food", "weather"]
RECIPE = """
name: spam
title: Spam in a few texts
license: cc-by-4.0
language: en
task:
  text: A text message
  question: Is it spam?
  labels: {{ham: a message from somebody one knows, spam: unasked advertising}}
teacher: {{model: scripted, base_url: "{base_url}", price: {{input: 1, output: 1}}, concurrency: 4}}
budget: {{calls: 400, dollars: 1}}
texts: {{file: texts.jsonl}}
gold: {{file: gold.jsonl, labelled_by: humans}}
students:
  - {{name: tiny, base_model: tests/tiny, epochs: 6, lr: 0.003}}
"""


def read_texts():
    """Return 800 real messages, which no model here was made from."""
    return [row["text"] for row in read_lines(SPAM / "texts.jsonl")]


def read_answers():
    """Return 150 messages of each label and what they are."""
    rows = read_lines(SPAM / "gold.jsonl")
    chosen = [row for label in ("ham", "spam") for row in [row for row in rows if row["label"] == label][:150]]
    return {row["text"]: row["label"] for row in chosen}


def write_recipe(folder, answers, base_url):
    """Write a recipe of 250 texts to label and 50 gold ones."""
    folder.mkdir()
    rows = [{"text": text, "label": label} for text, label in answers.items()]
    gold, texts = rows[::6], [{"text": row["text"]} for number, row in enumerate(rows) if number % 6]
    for name, part in {"gold.jsonl": gold, "texts.jsonl": texts}.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in part))
    (folder / "recipe.yaml").write_text(RECIPE.format(base_url=base_url))
    return folder / "recipe.yaml"


def write_topics(folder):
    """Write a classifier with a random head whose labels do not exclude each other, with its ONNX files."""
    import numpy
    from safetensors.numpy import load_file, save_file

    model = folder / "model"
    write_model(model, "0123456789ab")
    weights = load_file(model / "model.safetensors")
    size = weights["classifier.weight"].shape[1]
    weights["classifier.weight"] = numpy.random.default_rng(2).normal(0, 1, (len(TOPICS), size)).astype("f4")
    weights["classifier.bias"] = numpy.zeros(len(TOPICS), "f4")
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    named = {"id2label": dict(enumerate(TOPICS)), "label2id": {name: number for number, name in enumerate(TOPICS)}}
    config = json.loads((model / "config.json").read_text())
    config |= {**named, "problem_type": "multi_label_classification"}
    (model / "config.json").write_text(json.dumps(config))
    (model / "onnx").mkdir()
    export_onnx(Artifact(folder, "topics"), out=model / "onnx")
    quantize_onnx(Artifact(model / "onnx", "topics"), out=model / "onnx")
    return model


def run_factory(folder, *arguments):
    """Run a command of hf-factory with its home in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    own = {"FACTORY_HOME": str(folder / "home"), "HF_HOME": str(folder / "hf"), "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
    command = [sys.executable, "-c", "from factory.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(command, env={**kept, **own}, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
