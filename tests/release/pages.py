"""Whole cards, as `make docs` writes them to tests/golden: `python -m tests.release.pages` rewrites them by itself."""

import tempfile
from pathlib import Path

from factory.release.release import write_release
from tests.release.outputs import RECIPE, as_pairs, as_sets, gold_rows, make_outputs, news

GOLDEN = Path(__file__).parents[1] / "golden"
LABELS = ["agree", "neutral", "disagree"]
FROM_A_FILE = ("generate: {rows: 300}", "texts: {file: texts.jsonl, license: cc0-1.0, attribution: B. Writer}")
BY_A_MODEL = "a language model (three blind votes; no human)"
HOSTILE = """\
name: hostile
title: "{{7*7}} <script>alert(1)</script> | # ---"
license: apache-2.0
language: "no"
task:
  text: "A text with `code`, [a link](https://evil.example) and $x$"
  question: "<b>What</b> is {% raw %}? **bold** https://evil.example www.evil.example"
  labels:
    "a|b": "one | two `three`"
    "<img src=x onerror=alert(1)>": "--- not the end of the front matter"
    "{{ config }}": "| a | b |"
teacher: {model: "evil](https://evil.example) <script>", base_url: "http://127.0.0.1:9/v1"}
generate: {rows: 300}
filter: {faults: keep} # its texts are English
students:
  - {name: tiny, base_model: ./folder-of-mine}
"""
HOSTILE_TEXTS = [
    "---\nlicense: mit\n---\n# Another card",
    "{{ 7*7 }} {% for x in y %} and ```python\nimport os``` and `ticks`",
    "<script>alert('x')</script> <a href='javascript:alert(1)'>click</a>",
    "[click](https://evil.example) ![image](https://evil.example/x.png) www.evil.example",
    "\x1b[31mred\x1b[0m and \u202ereversed\u202c | cell | cell",
    'a quote " and a backslash \\ and """ three',
]


def golden_pages():
    """Return the text of every golden card by its file name."""
    pages = {}
    for name, make in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            release = Path(folder, "release")
            release.mkdir()
            outputs = make(Path(folder))
            write_release(*outputs, out=release)
            for card in sorted(release.glob("*/README.md")):
                kind = card.parent.name.split("-")[0]
                pages[f"{name}-{kind}.md"] = card.read_text(encoding="utf-8")
    return pages


def with_human_gold(folder):
    return make_outputs(folder, gold=gold_rows(LABELS))


def with_gold_by_a_model(folder):
    text = RECIPE.replace("labelled_by: humans", f'labelled_by: "{BY_A_MODEL}"').replace("max_gold_drop: 5\n", "")
    return make_outputs(folder, text, gold=gold_rows(LABELS))


def without_gold(folder):
    return make_outputs(folder, "".join(line for line in RECIPE.splitlines(True) if not line.startswith("gold:")))


def with_hostile_strings(folder):
    rows = hostile_rows()
    return make_outputs(folder, HOSTILE, rows)


def hostile_rows():
    from dataclasses import replace

    labels = ["a|b", "<img src=x onerror=alert(1)>", "{{ config }}"]
    rows = news(labels)
    return [replace(row, text=f"{HOSTILE_TEXTS[number % 6]} {row.text}") for number, row in enumerate(rows)]


def with_label_sets(folder):
    text = RECIPE.replace("task:\n", "task:\n  kind: multi-label\n").replace(*FROM_A_FILE)
    return make_outputs(folder, text, as_sets(news(LABELS), LABELS), as_sets(gold_rows(LABELS), LABELS))


def with_pairs(folder):
    text = RECIPE.replace("task:\n", "task:\n  kind: pair\n  text_pair: A question about it\n")
    return make_outputs(folder, text.replace(*FROM_A_FILE), as_pairs(news(LABELS)), as_pairs(gold_rows(LABELS)))


CASES = {
    "human-gold": with_human_gold,
    "model-gold": with_gold_by_a_model,
    "no-gold": without_gold,
    "multi-label": with_label_sets,
    "pairs": with_pairs,
    "hostile": with_hostile_strings,
}


if __name__ == "__main__":
    for name, text in golden_pages().items():
        (GOLDEN / name).write_text(text, encoding="utf-8")
