import pytest

from factory.localhub.attributes import DEFAULT_ATTRIBUTES, is_ignored, is_large


@pytest.mark.parametrize(
    "path", ["model.safetensors", "data/train-00000.parquet", "a/b/pytorch_model.bin", "x.tar.gz"]
)
def test_weights_and_tables_are_large_by_name(path):
    assert is_large(path, 10, b"text", DEFAULT_ATTRIBUTES)


@pytest.mark.parametrize("path", ["README.md", "config.json", "app.py", "data.jsonl", ".gitattributes"])
def test_text_is_not_large(path):
    assert not is_large(path, 10, b"text", DEFAULT_ATTRIBUTES)


@pytest.mark.parametrize("pattern", ["!", "\\", "a\\", "[z-a]", "*" + "a*" * 12 + "b", "**/" * 50])
def test_a_pattern_that_is_none_or_takes_for_ever_is_passed_over(pattern):
    assert not is_ignored("a" * 100, pattern)
    assert is_ignored("x.log", f"{pattern}\n*.log")


def test_an_empty_file_is_never_large():
    assert not is_large("model.safetensors", 0, b"", DEFAULT_ATTRIBUTES)


def test_a_long_text_is_large():
    assert is_large("data.jsonl", 11 * 2**20, b"text", DEFAULT_ATTRIBUTES)


def test_bytes_that_are_not_text_are_large_and_a_letter_cut_at_the_end_is_text():
    assert is_large("blob", 4, b"\x00\x01\x02\x03", "")
    assert is_large("blob", 600, b"\xff\xfe" * 256, "")
    assert not is_large("letter.txt", 600, ("x" * 511 + "é").encode()[:512], "")


def test_the_attributes_of_the_repository_decide():
    attributes = "*.weights filter=lfs diff=lfs merge=lfs -text\n# *.txt filter=lfs\n"
    assert is_large("a.weights", 10, b"text", attributes)
    assert not is_large("a.txt", 10, b"text", attributes)
    assert not is_large("model.safetensors", 10, b"text", attributes)


def test_gitignore_excludes():
    assert is_ignored("a/secret.env", "*.env\n")
    assert not is_ignored("a/secret.txt", "*.env\n")
    assert not is_ignored("anything", "")
