import pytest

from factory.localhub.metadata import read_front_matter


@pytest.mark.parametrize(
    "text",
    [
        "---\nlicense: mit\n---\n# T",
        "---\r\nlicense: mit\r\n---\r\n# T",
        "\ufeff---\nlicense: mit\n---\n",
        "\n\n---\nlicense: mit\n---",
    ],
)
def test_the_block_at_the_head_is_read(text):
    assert read_front_matter(text) == {"license": "mit"}


@pytest.mark.parametrize(
    "text", ["", "# T", "# T\n---\na: 1\n---\n", "---\n---\n", "---\n- a\n---\n", "---\na: [\n---\n"]
)
def test_what_is_no_block_of_names_and_values_is_nothing(text):
    assert read_front_matter(text) == {}


def test_values_become_what_json_can_say():
    card = read_front_matter("---\nday: 2024-01-02\nnumber: .nan\nlist: [1, a]\n---\n")
    assert card["day"] == "2024-01-02"
    assert card["list"] == [1, "a"]


def test_yaml_that_grows_without_end_is_nothing_or_small():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]" for i in range(8)]
    assert read_front_matter("---\n" + "\n".join(lines) + "\n---\n") == {}
