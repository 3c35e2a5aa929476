import hashlib
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from factory.release.release import write_release
from factory.store import Store, hash_files
from tests.release.outputs import RECIPE, gold_rows, make_outputs
from tests.release.pages import LABELS


def test_a_release_holds_the_files_that_the_hub_shall_have(releases):
    assert list(hash_files(releases["human-gold"])) == sorted(
        [
            "report.json",
            *(f"dataset/{name}" for name in ("README.md", "recipe.yaml", "provenance.json")),
            *(f"dataset/data/{split}-00000-of-00001.parquet" for split in ("train", "validation", "test")),
            "dataset/rejected/train-00000-of-00001.parquet",
            *(f"model-minilm/{name}" for name in ("README.md", "config.json", "model.safetensors", "tokenizer.json")),
            *(f"model-minilm/{name}" for name in ("recipe.yaml", "provenance.json")),
            *(f"model-minilm/onnx/{name}" for name in ("model.onnx", "model_quantized.onnx")),
            *(f"model-minilm/eval/{name}" for name in ("report.json", "predictions.jsonl")),
            *(f"space/{name}" for name in ("README.md", "app.py", "demo.json", "requirements.txt")),
        ]
    )


def test_equal_inputs_give_equal_bytes(outputs, releases, tmp_path):
    (tmp_path / "left-over").write_text("from an attempt that was killed")
    write_release(*outputs["human-gold"], out=tmp_path)
    assert hash_files(tmp_path) == hash_files(releases["human-gold"])


def test_the_store_can_key_a_release(outputs, tmp_path):
    store = Store(tmp_path)
    first = store(write_release, *outputs["no-gold"])
    assert store(write_release, *outputs["no-gold"]) == first


def test_another_namespace_is_another_release(outputs, tmp_path):
    given = replace(outputs["no-gold"], destination={"namespace": "you", "hub": "huggingface.co"})
    write_release(*given, out=tmp_path)
    assert "you/climate-stance-minilm" in (tmp_path / "model-minilm" / "README.md").read_text()
    assert json.loads((tmp_path / "space" / "demo.json").read_text())["model"] == "you/climate-stance-minilm"


def test_nothing_in_a_release_tells_of_the_machine(outputs, releases):
    """No path of this machine, no clock, no user: what would differ on another machine."""
    places = {str(Path(given.recipe_file.path).parent) for given in outputs.values()}
    places |= {os.getcwd(), str(Path.home()), os.uname().nodename}
    for folder in releases.values():
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                found = [place for place in places if len(place) > 5 and place.encode() in content]
                assert not found, f"{path}: {found}"
                assert not re.search(rb"hf_[A-Za-z0-9]{20}", content)
                assert not re.search(rb"20\d\d-\d\d-\d\dT", content)


def test_without_students_there_is_the_dataset_alone(tmp_path):
    text = RECIPE[: RECIPE.index("students:")]
    given = make_outputs(tmp_path, text, gold=gold_rows(LABELS))
    (tmp_path / "release").mkdir()
    write_release(*given, out=tmp_path / "release")
    assert sorted(path.name for path in (tmp_path / "release").iterdir()) == ["dataset", "report.json"]
    card = (tmp_path / "release" / "dataset" / "README.md").read_text()
    assert "Models trained on it" not in card
    assert "baseline: tfidf" in card


def test_without_light_files_the_card_speaks_of_none(tmp_path):
    given = make_outputs(tmp_path, RECIPE + "compress: []\n", gold=gold_rows(LABELS))
    (tmp_path / "release").mkdir()
    write_release(*given, out=tmp_path / "release")
    assert not (tmp_path / "release" / "model-minilm" / "onnx").exists()
    card = (tmp_path / "release" / "model-minilm" / "README.md").read_text()
    assert "onnxruntime" not in card
    assert "transformers.js" not in card


def test_published_rows_load_with_names_for_labels(releases):
    import datasets

    folder = str(releases["hostile"] / "dataset")
    rows = datasets.load_dataset(folder)
    assert {split: part.num_rows for split, part in rows.items()} == {"train": 67, "validation": 15, "test": 15}
    assert rows["train"].features["label"].names == ["a|b", "<img src=x onerror=alert(1)>", "{{ config }}"]
    rejected = datasets.load_dataset(folder, "rejected", split="train")
    assert set(rejected["reason"]) == {"disagreement", "unanswered: the answer names no label"}


def test_the_report_can_be_computed_again_from_the_predictions(releases):
    folder = releases["human-gold"] / "model-minilm" / "eval"
    report = json.loads((folder / "report.json").read_text())
    lines = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]
    for entry in report["students"]:
        hits = {"gold": [], "test": []}
        for line in lines:
            if line["format"] == entry["format"]:
                hits[line["set"]].append(line["expected"] == line["predicted"])
        assert np.mean(hits["gold"]) == pytest.approx(entry["gold"]["accuracy"]["value"], abs=1e-6)
        assert np.mean(hits["test"]) == pytest.approx(entry["agreement"]["value"], abs=1e-6)


def test_gold_texts_are_not_published(releases):
    for path in releases["human-gold"].rglob("*"):
        if path.is_file():
            assert b"in letter" not in path.read_bytes(), path


def test_the_report_names_the_users_own_file_by_its_hash(outputs, releases):
    report = json.loads((releases["human-gold"] / "report.json").read_text())
    file = outputs["human-gold"].data["gold_file"].path
    assert report["gold"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_each_model_carries_the_report_of_the_release(releases):
    folder = releases["model-gold"]
    assert (folder / "model-minilm" / "eval" / "report.json").read_bytes() == (folder / "report.json").read_bytes()


def test_the_space_runs_the_app_of_this_repository(releases):
    app = Path(__file__).parents[2] / "spaces" / "text-classification"
    for name in ("app.py", "requirements.txt"):
        assert (releases["human-gold"] / "space" / name).read_bytes() == (app / name).read_bytes()
