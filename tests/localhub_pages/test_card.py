from types import SimpleNamespace

import pytest

from factory.localhub.pages.card import render_card
from factory.localhub.repos import create_repo

REPO = SimpleNamespace(path="alice/tiny")


@pytest.fixture
def render(call):
    return lambda text: str(render_card(call, REPO, "main", text))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        '<a href="jav&#x0A;ascript:alert(1)">a</a>',
        "<a href='data:text/html,<script>alert(1)</script>'>a</a>",
        "<iframe src='https://evil.example'></iframe>",
        "<style>body{display:none}</style>",
        "<p style='color:red' onclick='alert(1)' class='bar'>a</p>",
        "<svg><script>alert(1)</script></svg>",
        "<form action='/sign-out' method='post'><button>a</button><input autofocus></form>",
        "<base href='https://evil.example'><meta http-equiv='refresh' content='0;url=https://evil.example'>",
        "<link rel='stylesheet' href='https://evil.example'><object data='x'></object><embed src='x'>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<math><mtext></table><img src onerror=alert(1)></math>",
        "<video src='x' autoplay></video><audio src='x'></audio>",
    ],
)
def test_hostile_html_leaves_nothing_that_acts(render, text):
    html = render(text).lower().replace("[a](javascript:alert(1))", "")
    forbidden = "script frame style= onclick onerror class= <form <input <button <base <meta <link <object <embed <svg"
    assert [word for word in [*forbidden.split(), "evil", "autoplay", "data:"] if word in html] == []


@pytest.mark.parametrize(
    ("target", "link"),
    [
        ("eval/report.json", "/alice/tiny/blob/main/eval/report.json"),
        ("./a/../b%20c.md#x", "/alice/tiny/blob/main/b%20c.md"),
        ("#use-it", "#card-use-it"),
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("../../sign-out", None),
        ("/sign-out", None),
        ("//evil.example/a", None),
        ("%5c%5cevil.example", None),
        ("http://[bad", None),
        ("ftp://example.org", None),
    ],
)
def test_links_lead_to_files_or_other_sites_and_nowhere_else(render, target, link):
    html = render(f'<a href="{target}">a</a>')
    assert (f'href="{link}"' in html) if link else ("href" not in html)


def test_links_to_a_hub_lead_here_when_the_repository_is_here(call, render):
    with call.store.transaction() as db:
        create_repo(db, "dataset", "alice", "rows", private=False)
        create_repo(db, "model", "alice", "hidden", private=True)
    assert 'href="/datasets/alice/rows"' in render("[a](https://huggingface.co/datasets/alice/rows)")
    assert 'href="/datasets/alice/rows/tree/v1"' in render("[a](http://127.0.0.1:1234/datasets/alice/rows/tree/v1)")
    assert 'href="https://huggingface.co/alice/hidden"' in render("[a](https://huggingface.co/alice/hidden)")


def test_pictures_come_from_the_repository_or_show_their_words(render):
    assert 'src="/alice/tiny/resolve/main/plots/a.png"' in render("![a](plots/a.png)")
    assert render("![a badge](https://example.org/b.svg)") == '<p><img alt="a badge"></p>\n'
    assert "src" not in render("![a](data:image/png;base64,AAAA)")


def test_headings_go_below_the_pages_own_with_anchors_of_their_own(render):
    html = render("# Use it\n\n## Use it\n\n<h1>Raw</h1>\n\n<h3 id='content'>x</h3>")
    assert '<h2 id="card-use-it">' in html
    assert '<h3 id="card-use-it-1">' in html
    assert "<h2>Raw</h2>" in html
    assert '<h3 id="card-content">' in html


def test_the_metadata_is_no_part_of_the_card(render):
    assert render("---\nlicense: mit\n---\n# Hello\n") == '<h2 id="card-hello">Hello</h2>\n'


def test_tables_keep_their_alignment(render):
    assert '<td align="right">1</td>' in render("| a |\n|--:|\n| 1 |\n")


def test_a_card_that_would_take_long_to_render_is_refused(call):
    assert render_card(call, REPO, "main", "<div>" * 50_000) is None
    assert render_card(call, REPO, "main", f"---\nx: {'y' * 200_000}\n---\nshort") == "<p>short</p>\n"
