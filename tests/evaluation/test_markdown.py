import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from factory.evaluation.markdown import code, columns, escape, plain, table

MARKDOWN = MarkdownIt("gfm-like", {"html": True, "linkify": False})
HOSTILE = [
    "<script>alert(1)</script>",
    "[click](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "<https://evil.example>",
    "**bold** _slanted_ ~~gone~~ `code`",
    "&lt;b&gt; &amp;",
    "a | b | c",
    "# heading",
    "- item",
    "1. item",
    "---",
    "===",
    "+ plus",
    "> quote",
    "    indented",
    "line\n\n---\n\n# next",
    "back\\slash \\* \\",
    "[ref]: https://evil.example",
    "\x1b[31mred\x1b[0m",
    "$x$ $$y$$",
]


def text_of(html):
    """What a reader sees of one paragraph; any other element fails."""
    found = re.fullmatch(r"<p>(.*)</p>", html.strip(), flags=re.DOTALL)
    assert found, html
    assert "<" not in found[1], html
    for entity, character in {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}.items():
        found = re.fullmatch("(.*)", found[1].replace(entity, character), flags=re.DOTALL)
    return found[1]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_reader_sees_an_escaped_text_as_it_is(text):
    assert text_of(MARKDOWN.render(escape(text))) == plain(text)


@given(st.text(min_size=1).filter(lambda text: plain(text)))
def test_no_text_at_all_becomes_markup(text):
    assert text_of(MARKDOWN.render(escape(text))) == plain(text)


@given(st.text(), st.text())
def test_no_text_leaves_its_cell(one, two):
    html = MARKDOWN.render(table(["a", "b"], [[escape(one), escape(two)]]))
    assert html.count("<tr>") == 2
    assert html.count("<td") == 2


def test_addresses_are_no_links_whatever_the_reader_links():
    linked = "https://evil.example and www.evil.example"
    assert escape(linked) == "https\\://evil.example and www\\.evil.example"


def test_a_terminal_gets_no_control_characters():
    assert plain("\x1b]0;title\x07 a\tb\r\n\u202ec\x9b31m") == "]0;title a b c31m"


def test_scripts_that_need_joiners_keep_them():
    assert plain("कि\u200dक 👩\u200d🚀") == "कि\u200dक 👩\u200d🚀"


@pytest.mark.parametrize("name", ["plain", "with `ticks`", "``two``", "`"])
def test_inline_code_holds_backticks(name):
    html = MARKDOWN.render(code(name))
    assert html.count("<code>") == 1
    assert name in html


def test_tables_line_up_in_their_source():
    lines = table(["name", "n"], [["one", "1"], ["fourteen", "14"]]).splitlines()
    assert lines == ["| name     |   n |", "| -------- | --: |", "| one      |   1 |", "| fourteen |  14 |"]


def test_columns_of_a_terminal_line_up():
    assert columns(["a", "b", "n"], [["x", "yy", "10"], ["long", "z", "7"]]).splitlines() == [
        "a     b    n",
        "x     yy  10",
        "long  z    7",
    ]
