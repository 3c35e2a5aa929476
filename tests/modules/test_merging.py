"""Modules merged into their base model, also one from GGUF, which transformers unpacks and will not save as it is."""

import json
import shutil

import pytest

from factory.errors import TrainingError
from factory.modules.merging import merge_module
from factory.modules.reading import load_base
from factory.store import Artifact, hash_files
from tests.modules.llama import bake_toy


def test_a_folder_with_gguf_alone_is_refused_in_one_sentence(made_of, tmp_path):
    folder = shutil.copytree(made_of["base"].path, tmp_path / "base")
    (folder / "model.safetensors").rename(folder / "model.gguf")
    with pytest.raises(TrainingError, match=r"no language model can be loaded .* choose another base model"):
        load_base(folder, "students: toy")


def test_weights_unpacked_from_gguf_are_merged_and_saved(made_of, tmp_path):
    folder = shutil.copytree(made_of["base"].path, tmp_path / "base")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "gguf"}}))
    trained = bake_toy(made_of, tmp_path / "module", lr=[1e-2], epochs=1)
    (tmp_path / "merged").mkdir()
    merge_module(Artifact(folder, "base"), trained, out=tmp_path / "merged")
    assert "quantization_config" not in json.loads((tmp_path / "merged" / "config.json").read_text())
    load_base(tmp_path / "merged", "test")


def test_merging_again_over_what_a_killed_attempt_left_gives_the_same_files(made_of, tmp_path):
    trained = bake_toy(made_of, tmp_path / "module", lr=[1e-2], epochs=1)
    for name in ("whole", "again"):
        (tmp_path / name).mkdir()
    for name in ("config.json", "model.safetensors", "model-00001-of-00002.safetensors"):
        (tmp_path / "again" / name).write_bytes(b"cut")
    for name in ("whole", "again"):
        merge_module(made_of["base"], trained, out=tmp_path / name)
    assert hash_files(tmp_path / "again") == hash_files(tmp_path / "whole")
