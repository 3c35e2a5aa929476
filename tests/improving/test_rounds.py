"""Rounds of asking again, from a recipe to a report: where they aim, what they bring, when they end, what they pay."""

import json
import signal
import subprocess
import sys
from collections import Counter

import pytest

from factory.bench import Bench
from factory.data.examples import example_id, read_examples
from factory.errors import BudgetError
from factory.evaluation.improvement import explain_rounds
from factory.evaluation.scoreboard import render
from factory.hub.target import factory_home
from factory.pipeline import build, gather_rows
from factory.planning import plan
from factory.recipe import Recipe
from factory.store import Store
from tests.improving.world import mood_of, notes, write_recipe, writes
from tests.scripted_teacher import ScriptedTeacher
from tests.sms import write_rows

ALL_TEXTS = {row["text"] for row in notes(240, seed=1)}


@pytest.fixture
def server():
    with ScriptedTeacher(writes) as server:
        yield server


@pytest.fixture
def read(tmp_path, server):
    """Return a function that reads a recipe with the scripted teacher."""
    teacher = f'{{model: m, base_url: "{server.base_url}", price: {{input: 1, output: 1}}, concurrency: 2}}'
    return lambda **settings: write_recipe(tmp_path / "recipe", teacher=teacher, **settings)


@pytest.fixture
def recall(tmp_path):
    """Return a function that reads a recipe whose teacher has answered every text before."""

    def read(improve, gold=200, **settings):
        folder = tmp_path / "recipe"
        recipe = write_recipe(folder, teacher="{recorded: .}", improve=improve, gold=gold, **settings)
        answered = [*notes(240, seed=1), *(notes(gold, seed=2) if gold else [])]
        write_rows(folder / "labels.jsonl", [{"text": row["text"], "label": mood_of(row["text"])} for row in answered])
        return recipe

    return read


def gather(recipe):
    return gather_rows(Bench(recipe, Store(factory_home() / "store"), None))


def improvement(rows):
    return json.loads((rows.improved.report.path / "improve.json").read_text())


def texts_of(artifact, name="texts.jsonl"):
    return {row.text for row in read_examples(artifact.path / name)}


def margins():
    """Return for each time that a student was asked how sure it was of each text."""
    ids = {example_id(text): text for text in ALL_TEXTS}
    for path in (factory_home() / "store").glob("ask_proxy-*/out/margins.jsonl"):
        yield {ids[row["id"]]: row["margin"] for row in map(json.loads, path.read_text().splitlines())}


def test_a_round_asks_about_the_texts_that_the_student_is_least_sure_of_and_says_what_that_brought(recall):
    rows = gather(recall("{rounds: 1, rows: 40, start: 40}"))
    (asked,) = rows.improved.aimed
    first, chosen = texts_of(rows.labelled[0], "examples.jsonl"), texts_of(asked.texts)
    assert len(first) == len(chosen) == 40
    assert not first & chosen
    before = next(sure for sure in margins() if max(map(sure.get, chosen)) <= min(map(sure.get, sure.keys() - chosen)))
    assert before.keys() == ALL_TEXTS - first
    assert chosen <= texts_of(rows.kept, "kept.jsonl")
    told = improvement(rows)
    (one,) = told["rounds"]
    assert (told["learned_from"], one["asked"], one["kept"]) == (40, 40, 40)
    assert one["before"] == told["score"]
    assert one["gain"]["difference"] == pytest.approx(one["after"]["value"] - one["before"]["value"], abs=1e-5)
    assert one["gain"]["low"] > 0
    assert (one["calls"], one["dollars"], one["control"]) == (0, None, None)
    assert told["stopped"] == "all rounds were made"


def test_gold_that_is_set_aside_is_asked_about_by_nobody_learned_by_nobody_and_in_no_report(read, server):
    recipe = read(improve="{rounds: 1, rows: 5, start: 20, development: 0.4}", gold=30, texts=30)
    rows = gather(recipe)
    reported, everything = texts_of(rows.gold, "gold.jsonl"), {row["text"] for row in notes(30, seed=2)}
    aside = everything - reported
    assert improvement(rows)["rows"] == len(aside) > 5
    assert improvement(rows)["measured_on"] == "development gold"
    assert not aside & set(server.texts)
    assert reported <= set(server.texts)

    more = [*notes(30, seed=1), *({"text": f"{text}!"} for text in sorted(aside))]
    write_rows(recipe.path.parent / "texts.jsonl", [{"text": row["text"]} for row in more])
    again = gather(Recipe.read(recipe.path, ["improve.start=100"]))
    rejected = read_examples(again.kept.path / "rejected.jsonl")
    assert {row.text for row in rejected if row.reason == "in gold"} == {f"{text}!" for text in aside}
    assert not {f"{text}!" for text in aside} & texts_of(again.kept, "kept.jsonl")


def test_a_report_counts_only_the_gold_that_is_not_set_aside(recall):
    report = build(recall("{rounds: 1, rows: 40, start: 40}")).report
    assert report["gold"]["rows"] + report["data"]["improve"]["rows"] == 200
    assert {entry["gold"]["rows"] for entry in report["baselines"]} == {report["gold"]["rows"]}
    assert report["teacher"]["gold"]["rows"] == report["gold"]["rows"]
    shown = render(report)
    assert "Held-out texts come from the rounds too" in shown
    assert "The rounds ended, since all rounds were made." in shown
    assert "whether aiming did more than as many random texts would have done is not known" in shown


def test_a_round_whose_gain_could_be_chance_is_the_last_and_its_rows_are_kept(recall):
    rows = gather(recall("{rounds: 5, rows: 40, start: 40}"))
    told = improvement(rows)
    assert told["stopped"] == "the gain could be chance"
    assert 1 < len(told["rounds"]) < 5
    assert [one["gain"]["low"] > 0 for one in told["rounds"]] == [True] * (len(told["rounds"]) - 1) + [False]
    assert texts_of(rows.improved.aimed[-1].texts) <= texts_of(rows.kept, "kept.jsonl")


def test_where_no_text_is_left_there_is_no_round(recall):
    rows = gather(recall("{rounds: 3, rows: 40, start: 240}"))
    assert improvement(rows)["stopped"] == "no text is left to ask about"
    told = " ".join(explain_rounds(improvement(rows), "texts"))
    assert "There was no round, since no text is left to ask about." in told
    assert "Held-out" not in told
    assert improvement(rows)["rounds"] == rows.improved.aimed == []


def test_as_many_random_texts_stand_beside_a_round_and_are_learned_from_in_the_end(recall):
    rows = gather(recall("{rounds: 1, rows: 40, start: 40, control: true}"))
    (one,) = improvement(rows)["rounds"]
    control = one["control"]
    assert control["asked"] == 40
    assert control["before"] == one["before"]
    difference = one["after"]["value"] - control["after"]["value"]
    assert control["aimed_minus_control"]["difference"] == pytest.approx(difference, abs=1e-5)
    aimed, random = (texts_of(way[0].texts) for way in (rows.improved.aimed, rows.improved.control))
    assert aimed != random
    assert len(texts_of(rows.kept, "kept.jsonl")) == 40 + len(aimed | random)
    assert any("holds 0 says that aiming has not been shown" in line for line in explain_rounds(improvement(rows), ""))


def test_without_gold_it_is_the_teacher_that_the_student_is_held_against(recall):
    rows = gather(recall("{rounds: 2, rows: 60, start: 60}", gold=0))
    told = improvement(rows)
    first = read_examples(rows.labelled[0].path / "examples.jsonl")
    assert told["measured_on"] == "rows labelled before the first round"
    assert 0 < told["rows"] < len(first)  # what is held out judges the students of the recipe, and steers nothing
    assert told["score"]["value"] < 1
    assert any("it is no estimate of accuracy" in line for line in explain_rounds(told, "texts"))


def test_texts_are_written_between_the_labels_that_the_student_confuses(read, server):
    recipe = read(improve="{rounds: 1, rows: 20}", gold=60, texts=0, more="generate: {rows: 20, rows_per_call: 10}")
    rows = gather(recipe)
    (asked,) = rows.improved.aimed
    assert set(asked.generate.between) <= {("good", "bad"), ("bad", "good")}
    writing = [one for one in server.asked if one.text is None]
    aimed = [(one.data["label"], one.data["easily_taken_for"]) for one in writing if "easily_taken_for" in one.data]
    assert sorted(aimed) == sorted(asked.generate.between)
    assert len({one.body["seed"] for one in writing}) == len(writing) == 4
    assert improvement(rows)["rounds"][0]["calls"] == 2 + len(texts_of(asked.texts))


def test_a_plan_knows_the_most_that_rounds_could_take_and_nothing_is_left_to_pay_afterwards(read, server):
    recipe = read(improve="{rounds: 2, rows: 10, start: 20, control: true}", gold=0, texts=60)
    planned = plan(recipe)
    assert [(one["round"], one["asked"], one["calls"]) for one in planned.teacher["rounds"]] == [
        (1, "aimed", 10),
        (2, "aimed", 10),
        (1, "at random", 10),
        (2, "at random", 10),
    ]
    assert planned.teacher["calls"] == 20 + 40
    assert "round 2, at random: at most 10 calls" in str(planned)
    assert not server.asked
    release = build(recipe)
    assert len(server.asked) <= 60
    assert len(server.asked) == len(set(server.texts))
    after = plan(recipe)
    assert all(step.cached for step in after.steps)
    assert after.teacher["calls"] == 0
    assert release.report["teacher"]["forecast"]["calls"] == 20
    assert build(recipe).id == release.id


def test_a_round_that_brings_too_little_for_a_dollar_is_the_last(read):
    settings = "rounds: 3, rows: 60, start: 40, development: 0.9"
    recipe = read(improve=f"{{{settings}, min_gain: 1000000}}", gold=60, texts=120)
    told = improvement(gather(recipe))
    (one,) = told["rounds"]
    assert told["stopped"] == "a dollar brought less than `min_gain`"
    assert one["dollars"] == pytest.approx(60 * 45 / 1e6)
    assert 0 < one["gain_per_dollar"] == pytest.approx(100 * one["gain"]["difference"] / one["dollars"], rel=1e-3)


def test_a_budget_that_ends_in_a_round_stops_there_and_a_larger_one_pays_only_for_the_rest(read, server):
    recipe = read(improve="{rounds: 1, rows: 20, start: 20}", gold=0, texts=60, more="budget: {calls: 25}")
    with pytest.raises(BudgetError, match=r"the budget of 'mood' is used up: 25 calls of 25 .* 15 are missing"):
        gather(recipe)
    rows = gather(Recipe.read(recipe.path, ["budget.calls=40"]))
    assert len(server.asked) == len(set(server.texts)) == 40
    assert improvement(rows)["rounds"][0]["calls"] == 20


def test_where_the_recipe_goes_on_the_end_of_the_budget_is_the_end_of_the_rounds(read, server):
    budget = "budget: {calls: 25, when_spent: continue}"
    recipe = read(improve="{rounds: 3, rows: 20, start: 20}", gold=0, texts=60, more=budget)
    told = improvement(gather(recipe))
    assert told["stopped"] == "the budget was spent"
    assert [(one["calls"], one["kept"]) for one in told["rounds"]] == [(5, 5)]
    assert improvement(gather(recipe)) == told
    assert len(server.asked) == 25


def test_texts_that_cannot_be_paid_for_end_the_rounds_too(read, server):
    more = "generate: {rows: 10}\nbudget: {calls: 12, when_spent: continue}"
    told = improvement(gather(read(improve="{rounds: 3, rows: 10}", gold=0, texts=0, more=more)))
    assert (told["rounds"], told["stopped"]) == ([], "the budget was spent")
    assert len(server.asked) == 12


def test_killed_between_rounds_it_goes_on_and_pays_for_nothing_twice(read, server):
    recipe = read(improve="{rounds: 2, rows: 10, start: 20, control: true}", gold=0, texts=60, more="audit: null")
    command = [sys.executable, "-c", "from factory.cli import main; main()", "build", str(recipe.path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    for line in process.stderr:
        if "choose_texts: done" in line:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert 20 <= len(server.asked) <= 22
    gather(recipe)
    assert len(server.asked) <= len(set(server.texts)) + 2  # calls that were in flight
    assert max(Counter(server.texts).values()) <= 2
