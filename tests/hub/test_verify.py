"""The look from outside: what is pulled back by name is compared with what was built."""

import json
import shutil

import pytest

from factory.errors import HubError
from factory.hub.publish import push_release
from factory.hub.verify import verify_release
from tests.hub.releases import RELEASE, write_release

TAG = f"release-{RELEASE}"


def test_changed_bytes_missing_files_and_lost_rows_are_named(target, tmp_path):
    repos = write_release(tmp_path / "pushed", students=())
    card = tmp_path / "pushed" / "dataset" / "README.md"
    card.write_text(card.read_text().replace("license", "configs: [{config_name: default, data_files: a/*}]\nlicense"))
    shutil.copytree(tmp_path / "pushed" / "dataset" / "data", tmp_path / "pushed" / "dataset" / "a")
    (tmp_path / "pushed" / "dataset" / "data" / "test-00000.parquet").write_bytes(_one_row(tmp_path))
    push_release(tmp_path / "pushed", repos, TAG, private=False, target=target)
    with pytest.raises(HubError, match=r"dataset local/reviews has None rows in 'test' instead of 1"):
        verify_release(tmp_path / "pushed", repos, TAG, target)

    shutil.copytree(tmp_path / "pushed", tmp_path / "built")
    (tmp_path / "built" / "dataset" / "README.md").write_text("another")
    (tmp_path / "built" / "dataset" / "provenance.json").write_text("{}")
    with pytest.raises(HubError) as raised:
        verify_release(tmp_path / "built", repos, TAG, target)
    assert "README.md of dataset local/reviews has other bytes" in str(raised.value)
    assert "dataset local/reviews has no provenance.json" in str(raised.value)


def test_a_model_that_stock_transformers_cannot_load_is_found_out(target, tmp_path):
    repos = write_release(tmp_path)
    config = json.loads((tmp_path / "model-tiny" / "config.json").read_text())
    (tmp_path / "model-tiny" / "config.json").write_text(json.dumps({**config, "hidden_size": 48}))
    push_release(tmp_path, repos, TAG, private=False, target=target)
    with pytest.raises(HubError, match=r"release-\w+ on an embedded Hub could not be pulled back \(.*mismatch.*\)"):
        verify_release(tmp_path, repos, TAG, target)


def test_a_tag_that_is_not_there_is_one_sentence(target, tmp_path):
    repos = write_release(tmp_path, students=())
    push_release(tmp_path, repos, TAG, private=False, target=target)
    with pytest.raises(HubError, match="dataset local/reviews has no such revision"):
        verify_release(tmp_path, repos, "release-0", target)


def _one_row(tmp_path):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"text": ["one"], "label": ["good"]}), tmp_path / "one.parquet")
    return (tmp_path / "one.parquet").read_bytes()
