import pytest

from factory.localhub.pages.usage import show_usage
from factory.localhub.repos import create_repo, load_repo


def usage(call, kind, *, private=False, **columns):
    with call.store.transaction() as db:
        create_repo(db, kind, "alice", "tiny", private=private)
        for column, value in columns.items():
            db.execute(f"UPDATE repos SET {column} = ?", (value,))
    return "\n".join(text for _, text in show_usage(call, load_repo(call.store.db, kind, "alice", "tiny")))


@pytest.mark.parametrize(
    ("kind", "columns", "words"),
    [
        ("model", {}, "snapshot_download("),
        (
            "model",
            {"library_name": "transformers", "pipeline_tag": 'a"b'},
            'pipeline(\n    "a\\"b",\n    "alice/tiny",',
        ),
        ("dataset", {}, "load_dataset("),
        ("space", {}, "factory demo alice/tiny"),
    ],
)
def test_each_kind_has_its_lines(call, kind, columns, words):
    text = usage(call, kind, **columns)
    assert "export HF_ENDPOINT=http://127.0.0.1:7870" in text
    assert words in text
    assert "HF_TOKEN" not in text


def test_the_lines_in_python_are_python(call):
    compile(usage(call, "dataset").split("\n", 1)[1], "usage", "exec")


def test_a_private_repository_needs_a_token(call):
    assert "HF_TOKEN" in usage(call, "model", private=True)
