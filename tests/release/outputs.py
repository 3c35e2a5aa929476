"""What the stages before a release would have written, small and the same every time, without a model."""

import json
from dataclasses import dataclass
from pathlib import Path

from factory.data.examples import Example, write_examples
from factory.data.filtering import filter_examples
from factory.data.splitting import split_examples
from factory.evaluation.baselines import score_baselines
from factory.evaluation.prediction import Predictions
from factory.evaluation.scoring import score_student, score_teacher, write_json, write_predictions
from factory.recipe import Recipe
from factory.release.release import Data, Destination, StudentFiles
from factory.store import Artifact, digest_of, hash_files

SUBJECTS = ["The council", "A reader", "The minister", "My neighbour", "The report", "A farmer", "The mayor"]
VERBS = {
    "agree": ["urges action on", "warns of", "fears"],
    "neutral": ["discusses", "lists figures on", "reports on"],
    "disagree": ["mocks the talk of", "denies", "shrugs off"],
}
OBJECTS = ["the melting ice", "rising seas", "hot summers", "coal power", "the new carbon tax"]
GOLD_VERBS = {
    "agree": ["pleads for help against", "warns of", "grieves over"],
    "neutral": ["will meet about", "reports on", "asks for numbers on"],
    "disagree": ["laughs at worries over", "calls for more of", "denies"],
}
RECIPE = """\
name: climate-stance
title: Stance on global warming
license: apache-2.0
language: en
task:
  text: A sentence from the news
  question: What is its stance on global warming?
  labels:
    agree: says or implies that it is real, harmful or needs action
    neutral: only reports, or takes no side
    disagree: denies it, plays it down or opposes action
teacher: {model: openai/gpt-oss-120b, price: {input: 0.15, output: 0.60}}
generate: {rows: 300}
gold: {file: gold.jsonl, labelled_by: humans, attribution: "A. Reader, https://example.org/gold", license: cc-by-4.0}
students:
  - {name: minilm, base_model: sentence-transformers/all-MiniLM-L6-v2}
"""
FORMATS = {"safetensors": (90_865_152, 210.0), "onnx": (90_300_000, 160.0), "onnx-int8": (22_900_000, 410.0)}


@dataclass
class Outputs:
    """The inputs of `write_release`."""

    recipe: Recipe
    recipe_file: Artifact
    data: Data
    students: list[StudentFiles]
    spent: dict
    destination: Destination
    release_id: str = "0123456789ab"

    def __iter__(self):
        return iter(vars(self).values())


def make_outputs(folder, text=RECIPE, rows=None, gold=None, model=None):
    """Write the outputs of every stage below `folder`; `gold` is a list of rows, `model` a folder to copy."""
    folder = Path(folder)
    (folder / "gold.jsonl").write_text(
        "".join(json.dumps({"text": r.text, "label": r.label}) + "\n" for r in gold or [])
    )
    (folder / "recipe.yaml").write_text(text)
    recipe = Recipe.read(folder)
    stage = Stages(folder)
    labels = recipe.task.names
    labelled = stage.artifact("labelled", lambda out: write_examples(out / "examples.jsonl", rows or news(labels)))
    trusted = stage.artifact("gold", lambda out: write_examples(out / "gold.jsonl", gold)) if gold else None
    kept = stage(filter_examples, [labelled], trusted, recipe.filter)
    splits = stage(split_examples, kept, recipe.split, labels)
    answers = (
        stage.artifact("answers", lambda out: write_examples(out / "examples.jsonl", answer(gold, labels)))
        if gold
        else None
    )
    data = Data(
        gold=trusted,
        gold_file=Artifact(folder / "gold.jsonl", "") if gold else None,
        labelled=[labelled],
        kept=kept,
        splits=splits,
        baselines=stage(score_baselines, splits, trusted, recipe.task),
        score=stage(score_teacher, trusted, answers, recipe.task) if gold else None,
    )
    students = [make_student(stage, student, recipe, splits, gold, answers, model) for student in recipe.students]
    spent = {"calls": 912, "input_tokens": 260_000, "output_tokens": 31_000, "dollars": 0.0576}
    destination = Destination(namespace="me", hub="huggingface.co")
    return Outputs(recipe, Artifact(folder / "recipe.yaml", ""), data, students, spent, destination)


class Stages:
    """Runs stages into folders of their own, one after the other."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0

    def __call__(self, stage, *inputs):
        return self.artifact(stage.__name__, lambda out: stage(*inputs, out=out))

    def artifact(self, name, write):
        self.count += 1
        out = self.folder / f"{self.count:02}-{name}" / "out"
        out.mkdir(parents=True)
        write(out)
        return Artifact(out, digest_of(hash_files(out)))


def news(labels, rounds=1):
    """Generated sentences: some got another label than they were written for, some no answer, one comes twice."""
    rows = []
    for number, (subject, thing) in enumerate((s, o) for _ in range(rounds) for s in SUBJECTS for o in OBJECTS):
        for place, label in enumerate(labels):
            verbs = VERBS.get(label, ["says", "thinks of", "speaks of"])
            given = labels[(place + 1) % len(labels)] if (number + place) % 11 == 0 else label
            text = f"{subject} {verbs[number % 3]} {thing} {'again' if place % 2 else 'today'}."
            rows.append(Example(text, given, asked_for=label, source="generated"))
    reason = "the answer names no label"
    unanswered = [
        Example(f"{text} Or so it seems.", None, asked_for=labels[0], source="generated", reason=reason)
        for text in ("Snow fell.", "It rained.")
    ]
    return [*rows, *unanswered, rows[1], Example("Too short.", labels[0], asked_for=labels[0], source="generated")]


def gold_rows(labels):
    """Thirty sentences with trusted labels."""
    return [
        Example(
            f"{SUBJECTS[number % 7]} {GOLD_VERBS[label][number % 3]} {OBJECTS[number % 5]} in letter {number}.",
            label,
            source="gold",
        )
        for number in range(20)
        for label in labels[: 3 if number % 4 else 2]
    ]


def answer(gold, labels):
    """A teacher's answers to gold: every ninth is another label, the last has none."""
    for number, row in enumerate(gold):
        if number == len(gold) - 1:
            yield Example(row.text, None, reason="no answer", source="gold")
        else:
            yield Example(row.text, err(row.label, labels, number % 9 == 0), source="gold")


def err(label, labels, is_wrong):
    return labels[(labels.index(label) + 1) % len(labels)] if is_wrong else label


def make_student(stage, student, recipe, splits, gold, answers, model):
    base = stage.artifact("base", write_source)
    trained = stage.artifact("train_student", lambda out: write_model(out, model, recipe.task.names))
    weights = {}
    for form in recipe.compress:
        name = {"onnx": "model.onnx", "onnx-int8": "model_quantized.onnx"}[form]
        weights[form] = stage.artifact(form, lambda out, name=name: (out / name).write_bytes(name.encode()))
    reports = {}
    for number, form in enumerate(["safetensors", *recipe.compress]):
        reports[form] = stage.artifact(
            "evaluate",
            lambda out, number=number, form=form: write_report(
                out, form, student, recipe, splits, gold or [], answers, number
            ),
        )
    return StudentFiles(name=student.name, base=base, trained=trained, weights=weights, reports=reports)


def write_source(out):
    source = {"repo_id": "sentence-transformers/all-MiniLM-L6-v2", "revision": "main", "sha": "c9745ed1d9f2"}
    write_json(out / "source.json", source)


def write_model(out, model, labels):
    (out / "model").mkdir()
    names = {str(number): label for number, label in enumerate(labels)}
    (out / "model" / "config.json").write_text(json.dumps({"id2label": names}))
    for file in sorted(model.iterdir()) if model else []:
        (out / "model" / file.name).write_bytes(file.read_bytes())
    if not model:
        (out / "model" / "model.safetensors").write_bytes(b"weights")
        (out / "model" / "tokenizer.json").write_text("{}")
    facts = {"epochs": 4, "best_epoch": 2, "rows": {"train": 70, "validation": 15}, "parameters": 22_714_371}
    write_json(out / "training.json", facts)


def write_report(out, form, student, recipe, splits, gold, answers, number):
    """Write what `evaluate_student` would of a file that is wrong in every fifth row, a compressed one in more."""
    from factory.data.examples import read_examples

    held_out, labels = read_examples(splits.path / "held_out.jsonl"), recipe.task.names
    rows = [*gold, *held_out]
    said = [err(row.label, labels, place % 5 == 0 or place % 40 < number) for place, row in enumerate(rows)]
    size, speed = FORMATS[form]
    found = Predictions(said, [round(0.99 - place % 7 / 50, 4) for place in range(len(rows))], speed, cores=2)
    answered = read_examples(answers.path / "examples.jsonl") if answers else []
    facts = {"base_model": student.base_model, "parameters": 22_714_371, "bytes": size}
    entry = {"name": student.name, "method": student.method, "format": form, **facts}
    write_json(out / "report.json", {**entry, **score_student(found, gold, held_out, answered, labels)})
    write_predictions(out / "predictions.jsonl", [row.text for row in rows], found)
