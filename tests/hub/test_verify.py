"""The look from outside: what is pulled back by name is compared with what was built."""

import json
import shutil
from dataclasses import replace

import pyarrow as pa
import pytest
from pyarrow import parquet
from safetensors.numpy import load_file, save_file

from factory.errors import HubError
from factory.hub.push import push_release
from factory.hub.verify import verify_release
from tests.hub.releases import (
    RELEASE,
    TEXTS,
    as_line,
    turn_into_bag,
    turn_into_multi_label,
    write_adapter,
    write_release,
)
from tests.tiny import tiny_base

TAG = f"release-{RELEASE}"


def test_changed_bytes_missing_files_and_lost_rows_are_named(target, tmp_path):
    pushed, built = tmp_path / "pushed", tmp_path / "built"
    repos = write_release(pushed, students=())
    card = pushed / "dataset" / "README.md"
    metadata = "configs: [{config_name: default, data_files: data/train-*}]\nlicense"
    card.write_text(card.read_text().replace("license", metadata))
    push_release(pushed, repos, TAG, private=False, target=target)
    with pytest.raises(HubError, match=r"dataset local/reviews has None rows in 'test' instead of 4"):
        verify_release(pushed, repos, TAG, target)

    shutil.copytree(pushed, built)
    (built / "dataset" / "README.md").write_text("another")
    (built / "dataset" / "provenance.json").write_text("{}")
    with pytest.raises(HubError) as raised:
        verify_release(built, repos, TAG, target)
    assert "README.md of dataset local/reviews has other bytes" in str(raised.value)
    assert "dataset local/reviews has no provenance.json" in str(raised.value)


def test_a_model_that_does_not_say_what_was_recorded_of_it_is_found_out(target, tmp_path):
    repos = write_release(tmp_path)
    record = tmp_path / "model-tiny" / "eval" / "predictions.jsonl"
    first, *others = map(json.loads, record.read_text().splitlines())
    record.write_text("".join(map(as_line, [{**first, "score": first["score"] - 0.01}, *others])))
    push_release(tmp_path, repos, TAG, private=False, target=target)
    with pytest.raises(HubError, match=rf"model local/reviews-tiny says \w+ \(0\.\d+\) of row {first['id']}; delete"):
        verify_release(tmp_path, repos, TAG, target)


def test_rows_that_are_none_of_a_release_are_found_out(target, tmp_path):
    repos = write_release(tmp_path, students=())
    rows = pa.table({"another column": ["than a release has"]})
    parquet.write_table(rows, tmp_path / "dataset" / "data" / "test-00000-of-00001.parquet")
    push_release(tmp_path, repos, TAG, private=False, target=target)
    with pytest.raises(HubError, match=r"release-\w+ on an embedded Hub could not be pulled back \(KeyError: 'id'\)"):
        verify_release(tmp_path, repos, TAG, target)


def test_a_tag_that_is_not_there_is_one_sentence(target, tmp_path):
    repos = write_release(tmp_path, students=())
    push_release(tmp_path, repos, TAG, private=False, target=target)
    with pytest.raises(HubError, match="dataset local/reviews has no such revision"):
        verify_release(tmp_path, repos, "release-0", target)


def test_every_kind_of_model_is_asked_as_its_card_tells(target, tmp_path):
    repos = write_release(tmp_path, students=("tiny", "several", "bag"))
    turn_into_bag(tmp_path / "model-bag")
    turn_into_multi_label(tmp_path / "model-several", {"good": 0.5, "bad": 0.4})
    base, folder = tiny_base(tmp_path / "base"), tmp_path / "model-tiny-adapter"
    write_adapter(folder, base, tmp_path / "model-tiny")
    repos.append(replace(repos[1], id="local/reviews-tiny-adapter", folder=folder.name))
    push_release(tmp_path, repos, TAG, private=False, target=target)
    found = verify_release(tmp_path, repos, TAG, target, {folder.name: base})
    assert found["predictions"] == 4 * len(TEXTS)
    assert verify_release(tmp_path, repos[-1:] + repos[:1], TAG, target)["predictions"] == 0


def test_a_label_too_many_another_score_and_another_base_are_found_out(target, tmp_path):
    repos = write_release(tmp_path, students=("tiny", "several", "bag"))
    turn_into_bag(tmp_path / "model-bag")
    turn_into_multi_label(tmp_path / "model-several", {"good": 0.99, "bad": 0.99})
    for name, change in (("bag", {"score": 0.01}), ("several", {"predicted": ["good"]})):
        record = tmp_path / f"model-{name}" / "eval" / "predictions.jsonl"
        first, *others = map(json.loads, record.read_text().splitlines())
        record.write_text("".join(map(as_line, [first | change, *others])))
    base, folder = tiny_base(tmp_path / "base"), tmp_path / "model-tiny-adapter"
    write_adapter(folder, base, tmp_path / "model-tiny")
    repos.append(replace(repos[1], id="local/reviews-tiny-adapter", folder=folder.name))
    push_release(tmp_path, repos, TAG, private=False, target=target)
    weights = load_file(base / "model.safetensors")
    save_file({name: -value for name, value in weights.items()}, base / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(HubError) as raised:
        verify_release(tmp_path, repos, TAG, target, {folder.name: base})
    said = str(raised.value)
    assert f"model local/reviews-several says nothing of row {first['id']}" in said
    assert "model local/reviews-bag says " in said
    assert "model local/reviews-tiny-adapter says " in said
