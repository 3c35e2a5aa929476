import json

from factory.release.provenance import describe_provenance
from factory.store import Store, hash_file
from tests.release.outputs import write_source


def read(folder):
    return json.loads((folder / "provenance.json").read_text())


def test_every_other_file_of_the_folder_is_named_with_its_hash(releases):
    for name in ("dataset", "model-minilm"):
        folder = releases["human-gold"] / name
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        listed = read(folder)["files"]
        assert set(listed) == files - {"provenance.json"}
        assert all(hash_file(folder / path) == digest for path, digest in listed.items())


def test_a_model_names_its_teacher_its_base_and_its_recipe(releases):
    folder = releases["human-gold"] / "model-minilm"
    found = read(folder)
    assert found["release"] == "0123456789ab"
    assert found["recipe"] == {"name": "climate-stance", "sha256": hash_file(folder / "recipe.yaml")}
    assert found["teacher"]["model"] == "openai/gpt-oss-120b"
    assert found["teacher"]["dollars"] == 0.0576
    assert found["base_model"]["name"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert found["base_model"]["sha"] == "c9745ed1d9f2"
    assert found["rows"]["removed"]["disagreement"] == 10


def test_a_folder_of_the_author_is_named_without_its_place(releases):
    assert read(releases["hostile"] / "model-tiny")["base_model"]["name"] == "folder-of-mine"


def test_stages_of_a_store_are_named_with_key_and_packages(releases, outputs, tmp_path):
    def make_base(*, out):
        write_source(out)

    artifact = Store(tmp_path / "store")(make_base)
    (tmp_path / "recipe.yaml").write_text("name: x")
    contents = read_contents_of(outputs["no-gold"])
    (stage,) = describe_provenance(contents, [artifact], tmp_path)["stages"]
    assert stage["stage"] == "make_base"
    assert artifact.path.parent.name == f"make_base-{stage['key']}"
    assert stage["digest"] == artifact.digest
    assert "numpy" in stage["packages"]


def read_contents_of(given):
    from factory.release.contents import read_contents

    recipe, _, *rest = given
    return read_contents(recipe, *rest)
