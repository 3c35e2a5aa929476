"""What there is to see in rows, as text and as a page, hostile texts included."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from factory.cli import main
from factory.data.audit import DROPPED
from factory.data.examples import Example, write_examples
from factory.inspection.findings import find
from factory.inspection.page import render_page
from factory.inspection.text import describe_audit, render_text
from factory.recipe import Recipe
from factory.store import Artifact
from tests.students.toy import long_reviews

HOSTILE = [
    "<script>alert(1)</script> the pizza was great and best",
    "</p></article><img src=x onerror=alert(1)> the soup was great and best",
    "{{ 7*7 }} {% for x in y %} the book was great and best",
    '" onmouseover="alert(1) the dog was great and best',
    "\x1b[31mred\x1b[0m \u202ereversed\u202c the game was great and best",
]
LABELS = {"<b>yes</b>": "likes it", "no": "does not"}
YES, NO = LABELS


def rows():
    """Reviews whose words tell their label, and hostile texts with the label that their words do not tell."""
    told = [replace(row, label=YES if row.label == "yes" else NO, confidence=0.95) for row in long_reviews()]
    return [*told, *(Example(text, NO, confidence=0.3) for text in HOSTILE)]


def write_audit(folder, ordered):
    """Write what an audit would that doubts the hostile texts, some more than others."""
    doubted = [row for row in ordered if row.text in HOSTILE]
    lines = [
        {"id": row.id, "given": NO, "probable": YES, "chance": 0.9 - place / 10, "reason": "<u>students</u> say so"}
        for place, row in enumerate(doubted)
    ]
    noise = {"value": 0.03, "low": 0.01, "high": 0.06}
    (folder / "audit.json").write_text(json.dumps({"rows": len(ordered), "noise": noise, "suspicious": len(lines)}))
    (folder / "suspicious.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspection")
    recipe = Recipe.model_validate(
        {
            "name": "mood",
            "title": "Mood of <i>reviews</i>",
            "license": "apache-2.0",
            "language": "en",
            "task": {"text": "A review", "question": "Does it like the thing?", "labels": LABELS},
            "teacher": {"model": "somebody"},
            "texts": {"file": "texts.jsonl"},
        }
    )
    kept, splits, audited = (folder / name for name in ("kept", "splits", "audit"))
    for place in (kept, splits, audited):
        place.mkdir()
    ordered = sorted(rows(), key=lambda row: row.id)
    write_examples(kept / "kept.jsonl", ordered)
    removed = [Example("<script>gone</script>", reason="unanswered: <b>no</b>"), Example("short", YES, reason="short")]
    write_examples(kept / "rejected.jsonl", removed)
    parts = {"train": ordered[6:140], "validation": ordered[140:150], "held_out": ordered[150:]}
    for part, chosen in parts.items():
        write_examples(splits / f"{part}.jsonl", chosen)
    write_examples(splits / "dropped.jsonl", [replace(row, reason=DROPPED) for row in ordered[:6]])
    write_audit(audited, ordered)
    return find(recipe, Artifact(kept, "kept"), Artifact(splits, "splits"), Artifact(audited, "audit"))


def test_suspicious_rows_come_first_with_their_place_and_reason(findings):
    assert {row.text for row, *_ in findings.suspicious} == set(HOSTILE)
    chances = [line["chance"] for _, line, _ in findings.suspicious]
    assert chances == sorted(chances, reverse=True)
    assert {split for *_, split in findings.suspicious} <= {"train", "validation", "test", "dropped"}
    text = render_text(findings)
    assert text.index("disputed  ") < text.index("train  validation")


def test_what_is_said_of_the_audit_is_what_was_judged(findings):
    assert describe_audit(findings).startswith("An estimated 3.0 % of the labels were given blindly")
    multi = replace(findings, is_multi_label=True)
    assert describe_audit(multi).startswith("An estimated 3.0 % of the decisions whether a label applies were given")
    alike = replace(findings, audit={**findings.audit, "noise": None})
    assert describe_audit(alike) == "165 rows are too few to search for wrong labels, or all labelled alike."
    assert describe_audit(replace(findings, audit=None)) == "The labels were not audited."


def test_rows_are_counted_by_label_reason_and_confidence(findings):
    assert findings.rows == 165 - 6
    assert sum(sum(counts) for _, counts in findings.labels) == findings.rows
    assert [(reason, count) for reason, count, _ in findings.removed] == [
        (DROPPED, 6),
        ("short", 1),
        ("unanswered: <b>no</b>", 1),
    ]
    assert sum(count for count, _ in findings.confidence) == findings.rows
    assert findings.confidence[3][0] == findings.confidence[3][1] > 0
    assert findings.unsure[0].confidence == 0.3


class Page(HTMLParser):
    """Notes the elements of a page and what they say."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.said = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.said += data


def test_the_page_shows_hostile_texts_as_they_are_and_runs_none(findings):
    text = render_page(findings)
    page = Page(text)
    assert not {"script", "img", "b", "i", "u", "iframe", "link"} & set(page.elements)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href")]
    assert "url(" not in text
    assert "@import" not in text
    for hostile in HOSTILE[:4]:
        assert hostile in page.said
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "Mood of <i>reviews</i>" in page.said
    assert "unanswered: <b>no</b>: 1" in page.said


def test_the_page_needs_nothing_else_and_fits_dark_and_light(findings):
    text = render_page(findings)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert "<svg" in text
    assert render_page(findings) == text


def test_the_terminal_gets_nothing_that_it_would_obey(findings):
    text = render_text(findings)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert "5 contradict the others." in text


def test_rows_that_are_not_there_yet_are_said_to_be_missing(tmp_path, capsys):
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": "The soup was fine."}) + "\n")
    (tmp_path / "recipe.yaml").write_text(
        "name: mood\ntitle: Mood\nlicense: apache-2.0\nlanguage: en\n"
        "task: {text: A text, question: Which one, labels: {good: g, bad: b}}\n"
        'teacher: {model: nobody, base_url: "http://127.0.0.1:9/v1"}\ntexts: {file: texts.jsonl}\n'
    )
    with pytest.raises(SystemExit) as stopped:
        main(["inspect", str(tmp_path)])
    assert stopped.value.code == 1
    assert "its rows are not there yet; factory build" in capsys.readouterr().err
