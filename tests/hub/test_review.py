"""A second release beside the first: what it tells of the change, and what is refused or proposed."""

import json

import pytest

from factory.errors import GateError
from factory.hub.answers import FILES
from factory.hub.publish import propose_release
from factory.hub.push import Push
from factory.hub.regression import check_regression
from factory.hub.review import review_release
from factory.hub.staging import staged
from factory.pipeline import Release
from factory.store import Store
from tests.hub.scored import LABELS, REPOS, make_release
from tests.release.outputs import RECIPE


@pytest.fixture
def target(published):
    """A Hub on which a first release is published."""
    return published


def spoil(release, format, share):
    """Let a file of a release give a wrong label to one gold row in `share`."""
    path = release.path / "model-minilm" / "eval" / "predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for number, row in enumerate(rows):
        if row["format"] == format and row["set"] == "gold" and number % share == 0:
            row["predicted"] = next(label for label in LABELS if label != row["expected"])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def second(tmp_path):
    changed = RECIPE.replace("all-MiniLM-L6-v2}", "all-MiniLM-L6-v2, lr: 0.0001, seed: 3}")
    return make_release(tmp_path, "bbbbbbbbbbbb", changed)


@pytest.fixture
def review(target, second, tmp_path):
    def look():
        return review_release(*second, REPOS[0].id, Store(tmp_path / "store"), target)

    return look


def test_a_first_release_has_no_news(target, second, tmp_path):
    found = review_release(*second, "local/another", Store(tmp_path / "store"), target)
    assert (found.news.line, found.news.sections, found.differences) == ("First release.", {}, {})


def test_the_cards_tell_what_changed(target, second, review):
    found = review()
    assert found.news.line == "95 rows (+0); minilm accuracy +0.0 [+0.0, +0.0]; 2 settings changed"
    with staged(second[1].path, found.news.sections) as staging:
        card = (staging.fill(REPOS[1], {}) / "README.md").read_text()
    section = card.partition("## What changed\n")[2]
    assert "Version 2 (`release-bbbbbbbbbbbb`) follows version 1 (`release-aaaaaaaaaaaa`)." in section
    assert "- `students.minilm.seed`: `0` → `3`" in section
    assert "- `students.minilm.lr`: not set → `0.0001`" in section
    row = next(line for line in section.splitlines() if line.startswith("| safetensors | accuracy "))
    _, _, _, before, now, difference, _ = map(str.strip, row.split("|"))
    assert before == now
    assert difference == "+0.0 [+0.0, +0.0]"
    assert "- v1: First release." in section
    assert section.rstrip().endswith("<!-- factory:end -->")


def test_a_release_that_is_as_good_passes(review):
    check_regression(review().differences)


def test_a_file_that_is_worse_beyond_chance_is_refused_with_numbers(second, review):
    spoil(second[1], "onnx-int8", 2)
    with pytest.raises(GateError, match=r"^nothing was published: minilm \(onnx-int8\) is \d+\.\d points of acc"):
        check_regression(review().differences)


def test_a_file_that_is_worse_by_one_row_is_not_refused(second, review):
    spoil(second[1], "onnx-int8", 51)
    check_regression(review().differences)


def test_every_file_of_a_release_is_compared(review):
    assert {format for _, format in review().differences} == set(FILES)


def test_other_labels_are_not_compared(target, tmp_path, second):
    recipe, release = second
    report = {**release.report, "labels": ["yes", "no"]}
    changed = Release(release.path, release.id, report)
    assert review_release(recipe, changed, REPOS[0].id, Store(tmp_path / "store"), target).differences == {}


def test_a_worse_release_can_be_proposed_and_is_proposed_once(target, second, review):
    spoil(second[1], "onnx-int8", 2)
    found = review()
    push = Push(target, "release-bbbbbbbbbbbb", news=found.news)
    opened = propose_release(second[1].path, REPOS, push, found)
    assert opened.urls == [
        f"{target.endpoint}/datasets/local/climate-stance/discussions/1",
        f"{target.endpoint}/local/climate-stance-minilm/discussions/1",
        f"{target.endpoint}/spaces/local/climate-stance/discussions/1",
    ]
    assert propose_release(second[1].path, REPOS, push, found).urls == opened.urls
    request = target.api.get_discussion_details("local/climate-stance-minilm", 1)
    assert "points of accuracy worse than what is published" in request.events[0].content
    assert target.api.list_repo_commits("local/climate-stance-minilm")[0].title == "release-aaaaaaaaaaaa"
