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


def write(folder, text, **given):
    outputs = make_outputs(folder, text, gold=gold_rows(LABELS), **given)
    (folder / "release").mkdir()
    write_release(*outputs, out=folder / "release")
    return folder / "release"


def test_a_file_that_lost_too_much_is_left_out_and_the_card_says_why(releases):
    folder, report = releases["model-gold"], json.loads((releases["model-gold"] / "report.json").read_text())
    assert [entry["format"] for entry in report["students"]] == ["safetensors", "onnx"]
    (withheld,) = report["withheld"]
    assert (withheld["name"], withheld["format"]) == ("minilm", "onnx-int8")
    assert sorted(path.name for path in (folder / "model-minilm" / "onnx").iterdir()) == ["model.onnx"]
    card = (folder / "model-minilm" / "README.md").read_text()
    assert f"**There is no onnx-int8 file**: {withheld['reason']}" in card
    assert "model_quantized" not in card
    assert "by the onnx file (90.3 MB)" in card
    assert "onnx-int8" not in (folder / "model-minilm" / "eval" / "predictions.jsonl").read_text()
    assert "left out: minilm as onnx-int8" in (folder / "dataset" / "README.md").read_text()


def test_a_student_without_a_network_has_the_safetensors_alone_and_no_space(tmp_path):
    folder = write(tmp_path, RECIPE.replace("base_model: sentence-transformers/all-MiniLM-L6-v2", "method: linear"))
    assert sorted(path.name for path in folder.iterdir()) == ["dataset", "model-minilm", "report.json"]
    assert not (folder / "model-minilm" / "onnx").exists()
    report = json.loads((folder / "report.json").read_text())
    assert [(entry["method"], entry["format"]) for entry in report["students"]] == [("linear", "safetensors")]
    assert "base_model" not in json.loads((folder / "model-minilm" / "provenance.json").read_text())


def test_the_space_shows_the_first_student_that_a_pipeline_loads(tmp_path):
    folder = write(tmp_path, RECIPE.replace("students:\n", "students:\n  - {name: words, method: linear}\n"))
    demo = json.loads((folder / "space" / "demo.json").read_text())
    assert demo["model"] == "me/climate-stance-minilm"
    card = (folder / "space" / "README.md").read_text()
    assert "the model `me/climate-stance-minilm` answers" in card
    assert "me/climate-stance-minilm config.json" in card


def test_an_adapter_has_a_folder_of_its_own(tmp_path):
    folder = write(tmp_path, RECIPE.replace("{name: minilm,", "{name: minilm, method: lora, adapter: true,"))
    adapter = folder / "model-minilm-adapter"
    names = ["README.md", "adapter_config.json", "provenance.json", "recipe.yaml"]
    assert sorted(path.name for path in adapter.iterdir()) == names
    card = (adapter / "README.md").read_text()
    assert "library_name: peft" in card
    assert "base_model_relation: adapter" in card
    assert "**The merged model is the easier one**: `me/climate-stance-minilm`" in card
    assert 'labels = ["agree", "neutral", "disagree"]' in card
    assert 'PeftModel.from_pretrained(base, "me/climate-stance-minilm-adapter"' in card
    compile(re.search(r"```python\n(.*?)```", card, re.DOTALL)[1], "card", "exec")
    assert "This adapter has rank 16." in card
    assert "needs no peft. " not in card
    from factory.localhub.cards import check_card

    assert check_card(card, "model") == ([], [])


def test_an_adapter_that_holds_its_first_factors_too_tells_its_rank(tmp_path):
    lora = "{name: minilm, method: lora, init: pissa, adapter: true,"
    folder = write(tmp_path, RECIPE.replace("{name: minilm,", lora))
    assert "This adapter has rank 32" in (folder / "model-minilm-adapter" / "README.md").read_text()


def test_pairs_and_label_sets_load_from_the_dataset(releases):
    import datasets

    pairs = datasets.load_dataset(str(releases["pairs"] / "dataset"), split="test")
    assert pairs[0]["text_pair"].startswith("What do they say of")
    sets = datasets.load_dataset(str(releases["multi-label"] / "dataset"), split="train")
    names = sets.features["labels"].feature.names
    assert names == LABELS
    assert {len(row) for row in sets["labels"]} == {0, 1, 2}
    rejected = datasets.load_dataset(str(releases["pairs"] / "dataset"), "rejected", split="train")
    assert "text_pair" in rejected.column_names


def test_a_control_is_shown_on_the_card_of_its_student_alone(tmp_path):
    text = RECIPE + "  - {name: small, base_model: org/b, method: shrink}\n"
    outputs = make_outputs(tmp_path, text, gold=gold_rows(LABELS))
    path = outputs.data["baselines"].path / "report.json"
    lines = json.loads(path.read_text())
    path.write_text(json.dumps([*lines, {**lines[0], "name": "small from random weights"}]))
    (tmp_path / "release").mkdir()
    write_release(*outputs, out=tmp_path / "release")
    for name, is_shown in {"model-small": True, "model-minilm": False, "dataset": True}.items():
        card = (tmp_path / "release" / name / "README.md").read_text()
        assert ("baseline: small from random weights" in card) == is_shown, name
