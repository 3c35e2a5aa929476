"""What the stages before a release would have written, small and the same every time, without a model."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from factory.data.audit import audit_labels
from factory.data.examples import Example, read_examples, write_examples
from factory.data.filtering import filter_examples
from factory.data.splitting import split_examples
from factory.evaluation.baselines import score_baselines
from factory.evaluation.prediction import Predictions
from factory.evaluation.scoring import (
    compare_with_reference,
    score_student,
    score_teacher,
    write_json,
    write_predictions,
)
from factory.recipe import Recipe
from factory.release.release import ONNX_NAMES, Data, Destination, StudentFiles
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
max_gold_drop: 5
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
    licenses: dict
    destination: Destination
    release_id: str = "0123456789ab"

    def __iter__(self):
        return iter(vars(self).values())


def make_outputs(folder, text=RECIPE, rows=None, gold=None, model=None, facts=None):
    """Write the outputs of every stage below `folder`.

    `gold` is a list of rows, `model` a folder to copy, `facts` what trainings left beside the usual.
    """
    folder = Path(folder)
    for name, some in {"gold.jsonl": gold or [], "texts.jsonl": rows or []}.items():
        lines = [{"text": row.text, "text_pair": row.text_pair, "label": row.answer} for row in some]
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "recipe.yaml").write_text(text)
    recipe = Recipe.read(folder)
    stage = Stages(folder)
    labels = recipe.task.names
    labelled = stage.artifact("labelled", lambda out: write_examples(out / "examples.jsonl", rows or news(labels)))
    trusted = stage.artifact("gold", lambda out: write_examples(out / "gold.jsonl", gold)) if gold else None
    kept = stage(filter_examples, [labelled], trusted, recipe.filter, recipe.language)
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
        audit=stage(audit_labels, kept, None, None, recipe.task, recipe.audit),
        baselines=stage(score_baselines, splits, trusted, recipe.task),
        score=stage(score_teacher, trusted, answers, recipe.task) if gold else None,
    )
    students = [
        make_student(stage, student, recipe, splits, gold, answers, model, facts or {}) for student in recipe.students
    ]
    spent = {"calls": 912, "input_tokens": 260_000, "output_tokens": 31_000, "dollars": 0.0576}
    destination = Destination(namespace="me", hub="huggingface.co")
    stated = stage.artifact("fetch_license", lambda out: write_json(out / "license.json", {"license": "apache-2.0"}))
    licenses = {"model sentence-transformers/all-MiniLM-L6-v2": stated}
    return Outputs(recipe, Artifact(folder / "recipe.yaml", ""), data, students, spent, licenses, destination)


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


def as_sets(rows, labels):
    """Label sets in place of labels: most rows have one label, some two, some none."""
    found = []
    for number, row in enumerate(rows):
        after = labels[(labels.index(row.label) + 1) % len(labels)] if row.label else None
        chosen = {0: (row.label, after), 1: ()}.get(number % 5, (row.label,))
        answer = tuple(label for label in labels if label in chosen) if row.label else None
        found.append(replace(row, label=None, labels=answer, asked_for=None, source="texts"))
    return found


def as_pairs(rows):
    """The same rows, each with a second text."""
    return [
        replace(row, text_pair=f"What do they say of {row.text.split()[-2]}?", asked_for=None, source="texts")
        for row in rows
    ]


def answer(gold, labels):
    """A teacher's answers to gold: every ninth is another label, the last has none."""
    for number, row in enumerate(gold):
        if number == len(gold) - 1:
            yield replace(row, label=None, labels=None, reason="no answer")
        elif row.labels is None:
            yield replace(row, label=err(row.label, labels, number % 9 == 0))
        else:
            yield replace(row, labels=err(row.labels, labels, number % 9 == 0))


def err(answer, labels, is_wrong):
    """Another answer in place of one, or of a set of labels, if it shall be wrong."""
    if isinstance(answer, tuple):
        return tuple(label for label in labels if (label in answer) != (is_wrong and label == labels[0]))
    return labels[(labels.index(answer) + 1) % len(labels)] if is_wrong else answer


def make_student(stage, student, recipe, splits, gold, answers, model, facts):
    settings = student.runs("normal")[0].model_dump(mode="json", exclude={"name", "seeds"}) | facts.get("student", {})
    base = stage.artifact("base", write_source) if "base_model" in settings else None
    trained = stage.artifact("train_student", lambda out: write_model(out, model, recipe, settings, facts))
    is_network = settings["method"] not in ("linear", "static")
    weights = {form: stage.artifact(form, write_weights(ONNX_NAMES[form], is_network)) for form in recipe.compress}
    reports = {}
    for number, form in enumerate(["safetensors", *recipe.compress]):
        given = (student.name, settings, recipe, splits, gold or [], answers, number, reports.get("safetensors"))
        write = write_report(form, *given) if is_network or form == "safetensors" else write_nothing
        reports[form] = stage.artifact("evaluate", write)
    return StudentFiles(name=student.name, base=base, trained=trained, weights=weights, reports=reports)


def write_source(out):
    source = {"repo_id": "sentence-transformers/all-MiniLM-L6-v2", "revision": "main", "sha": "c9745ed1d9f2"}
    write_json(out / "source.json", source)


def write_model(out, model, recipe, settings, facts):
    (out / "model").mkdir()
    labels = recipe.task.names
    config = {"id2label": {str(number): label for number, label in enumerate(labels)}}
    if recipe.task.kind == "multi-label":
        thresholds = {label: round(0.35 + number / 10, 2) for number, label in enumerate(labels)}
        config |= {"problem_type": "multi_label_classification", "thresholds": thresholds}
    (out / "model" / "config.json").write_text(json.dumps(config))
    for file in sorted(model.iterdir()) if model else []:
        (out / "model" / file.name).write_bytes(file.read_bytes())
    if not model:
        (out / "model" / "model.safetensors").write_bytes(b"weights")
        (out / "model" / "tokenizer.json").write_text("{}")
    if settings.get("adapter"):
        (out / "adapter").mkdir()
        (out / "adapter" / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    usual = {"rows": {"train": 70, "validation": 15}, "parameters": 22_714_371}
    usual |= {"epochs": 4, "best_epoch": 2} if "epochs" in settings else {}
    run = {"method": settings["method"], "lr": settings.get("lr"), "seed": settings["seed"], "macro_f1": 0.81}
    write_json(out / "training.json", {**usual, "tried": [run], **facts, "student": settings})


def write_weights(name, is_network):
    """Return what writes a compressed file, which a student without a network does not have."""
    return (lambda out: (out / name).write_bytes(name.encode())) if is_network else lambda out: None


def write_nothing(out):
    write_json(out / "report.json", None)


def write_report(form, name, settings, recipe, splits, gold, answers, number, reference):
    """Return what writes the evaluation of a file that is wrong in every fifth row, a compressed one in more."""
    held_out, labels = read_examples(splits.path / "held_out.jsonl"), recipe.task.names
    rows = [*gold, *held_out]
    wrong = [place % 5 == 0 or place % 40 < number for place in range(len(rows))]
    said = [err(row.answer, labels, is_wrong) for row, is_wrong in zip(rows, wrong, strict=True)]
    scores = [
        {label: score(place, label in answer) for label in labels} if isinstance(answer, tuple) else score(place)
        for place, answer in enumerate(said)
    ]
    size, speed = FORMATS[form]
    found = Predictions(said, scores, speed, cores=2)
    answered = read_examples(answers.path / "examples.jsonl") if answers else []
    base = {"base_model": settings["base_model"]} if "base_model" in settings else {}
    entry = {
        "name": name,
        "method": settings["method"],
        "format": form,
        **base,
        "parameters": 22_714_371,
        "bytes": size,
    }
    entry |= score_student(found, gold, held_out, answered, recipe.task)
    if reference:
        entry |= compare_with_reference(reference, found, entry["gold"], recipe.max_gold_drop)

    def write(out):
        write_json(out / "report.json", entry)
        write_predictions(out / "predictions.jsonl", rows, found)

    return write


def score(place, is_said=True):
    return round(0.99 - place % 7 / 50 if is_said else 0.05 + place % 7 / 50, 4)
