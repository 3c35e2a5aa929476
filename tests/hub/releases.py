"""A release made by hand: a dataset of a few rows, a tiny classifier, the Space that shows it."""

import json
import shutil
from pathlib import Path

from factory.data.examples import Example
from factory.hub.history import Repo
from tests.tiny import tiny_base

APP = Path(__file__).parents[2] / "spaces" / "text-classification"
LABELS = ["good", "bad"]
TEXTS = ["what a wonderful dinner", "the worst movie this week", "the train was late", "please refund my order"]
RELEASE = "0123456789ab"


def write_release(folder, name="reviews", *, rows=4, release=RELEASE, students=("tiny",)):
    """Write the folders of a release into `folder` and return the repositories that they are for."""
    write_dataset(folder / "dataset", name, rows, release)
    repos = [Repo("dataset", f"local/{name}", "dataset")]
    for student in students:
        write_model(folder / f"model-{student}", release)
        repos.append(Repo("model", f"local/{name}-{student}", f"model-{student}"))
    if students:
        write_space(folder / "space", name, students[0], release)
        repos.append(Repo("space", f"local/{name}", "space"))
    return repos


def write_dataset(folder, name, rows, release):
    import pyarrow
    import pyarrow.parquet

    (folder / "data").mkdir(parents=True, exist_ok=True)
    for split, texts in {"train": [f"{TEXTS[0]} {number}" for number in range(rows)], "test": TEXTS}.items():
        ids = [Example(text).id for text in texts]
        labels = [LABELS[number % 2] for number in range(len(texts))]
        table = pyarrow.table({"id": ids, "text": texts, "label": labels})
        pyarrow.parquet.write_table(table, folder / "data" / f"{split}-00000-of-00001.parquet")
    write_card(folder, {"license": "apache-2.0"}, f"{name} {release}")


def write_model(folder, release):
    """Write the tiny classifier with its card and what it says of the test rows."""
    write_classifier(folder)
    (folder / "eval").mkdir(exist_ok=True)
    (folder / "eval" / "predictions.jsonl").write_text("".join(map(as_line, predict(folder))))
    write_card(folder, {"license": "apache-2.0", "pipeline_tag": "text-classification"}, f"tiny {release}")


def write_classifier(folder):
    """Turn the tiny base into a classifier, with a head that is the same every time."""
    import numpy
    from safetensors.numpy import load_file, save_file

    tiny_base(folder)
    weights = {f"bert.{name}": value for name, value in load_file(folder / "model.safetensors").items()}
    config = json.loads((folder / "config.json").read_text())
    weights["classifier.weight"] = numpy.random.default_rng(1).normal(0, 1, (2, config["hidden_size"])).astype("f4")
    weights["classifier.bias"] = numpy.zeros(2, "f4")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    named = {"id2label": dict(enumerate(LABELS)), "label2id": {label: number for number, label in enumerate(LABELS)}}
    config |= {**named, "architectures": ["BertForSequenceClassification"]}
    (folder / "config.json").write_text(json.dumps(config))


def predict(folder):
    """What the model says of the test rows, in the form of a release's record."""
    from transformers import pipeline

    for text, said in zip(TEXTS, pipeline("text-classification", str(folder))(TEXTS), strict=True):
        row = {"format": "safetensors", "set": "test", "id": Example(text).id, "expected": LABELS[0]}
        yield {**row, "predicted": said["label"], "score": said["score"]}


def turn_into_bag(folder):
    """Make a model of a release one without a network, and record what `factory.load` says of the test rows."""
    import numpy
    from safetensors.numpy import save_file

    from factory.students.loading import load_folder

    words = sorted({word for text in TEXTS for word in text.split()})
    weights = numpy.random.default_rng(2).normal(0, 1, (len(words), 2)).astype("f4")
    arrays = {"idf": numpy.ones(len(words), "f4"), "weights": weights, "biases": numpy.zeros(2, "f4")}
    save_file(arrays, folder / "model.safetensors")
    (folder / "vocabulary.json").write_text(json.dumps(words))
    config = {"model_type": "hf-factory-linear", "token_pattern": r"\w+", "ngram_range": [1, 1], "text_pair": False}
    (folder / "config.json").write_text(json.dumps(config | {"id2label": dict(enumerate(LABELS))}))
    record(folder, [(one["label"], one["score"]) for one in load_folder(folder)(TEXTS)])


def turn_into_multi_label(folder, thresholds):
    """Make a model of a release give all labels at or above `thresholds`, and record which those are."""
    from transformers import pipeline

    config = json.loads((folder / "config.json").read_text())
    several = {"problem_type": "multi_label_classification", "thresholds": thresholds}
    (folder / "config.json").write_text(json.dumps(config | several))
    said = []
    for answers in pipeline("text-classification", str(folder))(TEXTS, top_k=None):
        scores = {one["label"]: one["score"] for one in answers}
        said.append(([label for label in LABELS if scores[label] >= thresholds[label]], scores))
    record(folder, said)


def write_adapter(folder, base, model):
    """Write an adapter of `base` that changes it, merge both into the folder `model`, and record what that says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification

    from factory.students.quiet import quiet_transformers

    torch.manual_seed(0)
    named = {"id2label": dict(enumerate(LABELS)), "label2id": {label: number for number, label in enumerate(LABELS)}}
    with quiet_transformers():
        network = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2, **named)
        whole = ["classifier", "bert.pooler"]
        settings = LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query"], modules_to_save=whole)
        adapted = get_peft_model(network, settings)
        with torch.no_grad():
            for name, weight in adapted.named_parameters():
                if ".lora_B." in name:
                    weight.normal_()
        adapted.save_pretrained(folder)
    write_card(folder, {"license": "apache-2.0", "library_name": "peft"}, "adapter")
    adapted.merge_and_unload().save_pretrained(model)
    (model / "eval" / "predictions.jsonl").write_text("".join(map(as_line, predict(model))))


def record(folder, said):
    """Write what a model says of the test rows, answers and scores."""
    rows = [
        {"format": "safetensors", "set": "test", "id": Example(text).id, "predicted": answer, "score": score}
        for text, (answer, score) in zip(TEXTS, said, strict=True)
    ]
    (folder / "eval" / "predictions.jsonl").write_text("".join(map(as_line, rows)))


def as_line(row):
    return json.dumps(row) + "\n"


def write_space(folder, name, student, release):
    folder.mkdir(parents=True, exist_ok=True)
    for file in ("app.py", "requirements.txt"):
        shutil.copyfile(APP / file, folder / file)
    demo = {
        "title": "Good or bad?",
        "description": "A tiny model with random weights.",
        "question": "What does the text say?",
        "model": f"local/{name}-{student}",
        "revision": f"release-{release}",
        "dataset": f"local/{name}",
        "labels": {"good": "It praises &#124; thanks.", "bad": "It complains."},
        "examples": TEXTS,
        "scoreboard": [{"name": "Macro F1 on gold", "score": "0.50"}],
        "caption": "Gold labelled by nobody.",
    }
    (folder / "demo.json").write_text(json.dumps(demo))
    write_card(folder, {"title": name, "sdk": "gradio", "app_file": "app.py"}, f"{name} {release}")


def write_card(folder, metadata, text):
    lines = [f"{key}: {value}" for key, value in metadata.items()]
    (folder / "README.md").write_text("\n".join(["---", *lines, "---", "", f"# {text}", ""]))
