"""Base models and rows from a Hub: plain data only, and one sentence when nobody has them."""

import json
import os
import subprocess
import sys

import pyarrow
import pyarrow.parquet
import pytest

from factory.errors import HubError
from factory.hub.embedded import Access, embedded_hub
from factory.hub.fetch import Fetcher, fetch_base_model, fetch_file, fetch_rows
from factory.hub.target import Target
from factory.localhub.admin import import_folder
from factory.store import as_json
from tests.tiny import tiny_base

NOWHERE = "http://127.0.0.1:9"
FETCH = """
import sys
from pathlib import Path
from factory.hub.embedded import Access
from factory.hub.fetch import Fetcher, fetch_base_model
from factory.hub.target import Target
fetch_base_model("acme/base", "main", Fetcher(Target.at(Access(sys.argv[1])), fallback=None), out=Path(sys.argv[2]))
"""


@pytest.fixture
def hub(home, target):
    """The embedded Hub with a model, acme/base, that has more than a student needs."""
    folder = tiny_base(home.parent / "base")
    (folder / "README.md").write_text("# Base\n")
    (folder / "pytorch_model.bin").write_bytes(b"\x80pickle")
    (folder / "modeling_base.py").write_text("raise SystemExit")
    import_folder(home / "hub", folder, "acme/base")
    return target


def out(tmp_path):
    (tmp_path / "out").mkdir(exist_ok=True)
    return tmp_path / "out"


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def dataset(home, files, name="acme/rows"):
    folder = home.parent / "rows"
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    import_folder(home / "hub", folder, name, repo_type="dataset")


def rows_of(folder):
    return [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]


def test_a_base_model_comes_with_weights_and_tokenizer_and_without_code(hub, tmp_path):
    folder = out(tmp_path)
    fetch_base_model("acme/base", "main", Fetcher(hub, fallback=None), out=folder)
    assert names(folder) == [
        "config.json",
        "model.safetensors",
        "source.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert (folder / "model.safetensors").read_bytes() == (tmp_path / "base" / "model.safetensors").read_bytes()
    assert json.loads((folder / "source.json").read_text()) == {
        "repo_id": "acme/base",
        "revision": "main",
        "sha": None,
    }


def test_an_attempt_that_was_killed_is_gone_on_with(hub, tmp_path):
    folder = out(tmp_path)
    (folder / "download.partial").mkdir()
    (folder / "download.partial" / "config.json").write_text("torn")
    (folder / "model.safetensors").write_bytes(b"torn")
    fetch_base_model("acme/base", "main", Fetcher(hub, fallback=None), out=folder)
    assert "model_type" in json.loads((folder / "config.json").read_text())
    assert (folder / "model.safetensors").stat().st_size > 1000


def test_what_the_target_has_not_comes_from_the_other_hub_with_its_commit(hub, tmp_path):
    with embedded_hub(tmp_path / "empty") as empty:
        source = Fetcher(Target.at(empty), fallback=hub.endpoint)
        fetch_base_model("acme/base", "main", source, out=out(tmp_path))
    found = json.loads((tmp_path / "out" / "source.json").read_text())
    assert found["sha"] == hub.api.model_info("acme/base").sha


def test_what_nobody_has_is_one_sentence_with_the_command(hub, tmp_path):
    with pytest.raises(HubError) as raised:
        fetch_base_model("acme/lost", "main", Fetcher(hub, NOWHERE), out=out(tmp_path))
    said = str(raised.value)
    assert said.startswith("acme/lost at revision main was found neither on an embedded Hub nor 127.0.0.1:9; ")
    assert said.endswith("factory hub import FOLDER acme/lost")


def test_without_a_hub_the_shared_cache_is_used(hub, tmp_path):
    cache = tmp_path / "cache"
    hub.api.snapshot_download("acme/base", cache_dir=cache)
    environment = {**os.environ, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", FETCH, NOWHERE, str(out(tmp_path))]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert "pytorch_model.bin" not in names(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "source.json").read_text())["sha"] == hub.api.model_info("acme/base").sha


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "acme/odd has only pickled weights"),
        (lambda folder: (folder / "config.json").unlink(), "acme/odd has no config.json"),
        (lambda folder: (folder / "tokenizer_config.json").unlink(), "acme/odd has no tokenizer_config.json"),
        (lambda folder: (folder / "config.json").write_text('{"auto_map": {}}'), "acme/odd needs code of its own"),
    ],
)
def test_a_model_that_needs_code_or_has_gaps_is_refused(hub, home, tmp_path, change, said):
    change(tmp_path / "base")
    import_folder(home / "hub", tmp_path / "base", "acme/odd")
    with pytest.raises(HubError, match=said):
        fetch_base_model("acme/odd", "main", Fetcher(hub, fallback=None), out=out(tmp_path))


def test_which_hub_was_asked_is_no_part_of_a_key(hub):
    assert as_json(Fetcher(hub)) == as_json(Fetcher(Target.at(Access(NOWHERE)), fallback=None)) == {}


def test_the_other_hub_is_not_asked_twice():
    there = Target.at(Access("https://huggingface.co", "hf_x"))
    assert [place.name for place in Fetcher(there).places()] == ["huggingface.co"]


def test_rows_of_a_split_come_in_order(hub, home, tmp_path):
    dataset(home, {"train.csv": "text,label\none,good\n", "test.csv": 'text,label\n"two, three",bad\nfour,good\n'})
    fetch_rows("acme/rows", "main", "test", Fetcher(hub, fallback=None), out=out(tmp_path))
    assert rows_of(tmp_path / "out") == [{"text": "two, three", "label": "bad"}, {"text": "four", "label": "good"}]
    assert names(tmp_path / "out") == ["rows.jsonl", "source.json"]


def test_class_numbers_become_names_and_hidden_labels_none(hub, home, tmp_path):
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["bad", "good"], "_type": "ClassLabel"},
        "labels": {"feature": {"names": ["bad", "good"], "_type": "ClassLabel"}, "_type": "List"},
    }
    metadata = json.dumps({"info": {"features": features}})
    several = pyarrow.array([[1, 0], []], pyarrow.list_(pyarrow.int64()))
    table = pyarrow.table({"text": ["one", "two"], "label": pyarrow.array([1, -1], "int64"), "labels": several})
    dataset(home, {"README.md": "# Rows\n"})
    (tmp_path / "rows" / "data").mkdir()
    table = table.replace_schema_metadata({"huggingface": metadata})
    pyarrow.parquet.write_table(table, tmp_path / "rows" / "data" / "test-00000-of-00001.parquet")
    dataset(home, {})
    fetch_rows("acme/rows", "main", "test", Fetcher(hub, fallback=None), out=out(tmp_path))
    assert rows_of(tmp_path / "out") == [
        {"text": "one", "label": "good", "labels": ["good", "bad"]},
        {"text": "two", "label": None, "labels": []},
    ]


def test_a_split_that_is_not_there_is_named(hub, home, tmp_path):
    dataset(home, {"train.csv": "text,label\none,good\n"})
    with pytest.raises(HubError, match=r"^acme/rows: the split 'test' cannot be read \(.*train.*\); see"):
        fetch_rows("acme/rows", "main", "test", Fetcher(hub, fallback=None), out=out(tmp_path))


def test_one_file_of_a_repository_is_fetched_or_named(hub):
    assert fetch_file(hub, "acme/base", "README.md").read_text() == "# Base\n"
    with pytest.raises(HubError, match=r"^eval/report\.json of acme/base on an embedded Hub does not exist"):
        fetch_file(hub, "acme/base", "eval/report.json")
