"""Each removed row has a reason, and what is kept does not depend on the order of rows."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.data.candidates import Candidate
from factory.data.examples import Example, read_examples, write_examples
from factory.data.filtering import filter_examples, sift
from factory.errors import DataError
from factory.recipe import Filter
from factory.store import Artifact

LONG = "the report says that sea levels along the coast have risen by eight inches since the year 1900"


def reason_for(text, *others, gold=(), filter=None, **row):
    example = Example(text, **{"label": "a"} | row)
    _, rejected = sift([example, *others], map(Example, gold), filter or Filter())
    return {row.text: row.reason for row in rejected}.get(text)


def test_a_fit_row_is_kept():
    assert reason_for("one two three", gold=["four five six"]) is None


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("one two three", {"label": None, "reason": "refused"}, "unanswered: refused"),
        ("one two three", {"label": None, "reason": "unanswered"}, "unanswered"),
        ("one two three", {"label": None}, "unanswered"),
        ("one - two!", {}, "too short"),
        ("word " * 401, {}, "too long"),
        ("one two three", {"asked_for": "b"}, "disagreement"),
        ("It WARMS, they say", {}, "in gold"),
        (LONG, {}, "shares 13 words in a row with gold"),
        (LONG.upper().replace(" ", ",  "), {}, "shares 13 words in a row with gold"),
    ],
)
def test_an_unfit_row_is_removed_with_the_reason(text, row, expected):
    gold = ["it warms they say", f"Yesterday {LONG} in all."]
    assert reason_for(text, gold=gold, **row) == expected


def test_twelve_words_in_a_row_are_no_contamination():
    twelve = " ".join(LONG.split()[:12])
    row, gold = f"{twelve} nothing to see here at all", [f"{twelve} something"]
    assert reason_for(row, gold=gold) is None
    assert reason_for(row, gold=gold, filter=Filter(gold_ngram=12)) == "shares 12 words in a row with gold"


def test_a_disagreement_may_be_kept():
    assert reason_for("one two three", asked_for="b", filter=Filter(disagreements="keep")) is None


def test_of_equal_texts_one_is_kept():
    rows = [Example("One two three.", "a"), Example("One two three.", "a", asked_for="a", source="generated")]
    kept, rejected = sift(rows, [], Filter())
    assert len(kept) == 1
    assert [row.reason for row in rejected] == ["duplicate"]


def test_texts_that_differ_in_case_punctuation_blanks_or_width_alone_are_near_identical():
    texts = ["One, two - three", "one two\tthree", "ONE TWO THREE!", "\uff4fne two three", "one two th\u00adree"]
    kept, rejected = sift([Example(text, "a") for text in texts], [], Filter())
    assert len(kept) == 1
    assert [row.reason for row in rejected] == ["near-identical"] * 4


@pytest.mark.parametrize(
    ("one", "other"),
    [("Nice work team \U0001f44d", "Nice work team \U0001f44e"), ("वह की किताब", "वह के किताब"), ("a b 1", "a b 2")],
)
def test_texts_that_differ_in_a_sign_that_carries_meaning_are_both_kept(one, other):
    kept, _ = sift([Example(one, "a"), Example(other, "a")], [], Filter())
    assert len(kept) == 2


def test_texts_of_punctuation_alone_are_not_taken_for_one_another():
    kept, _ = sift([Example("?!", "a"), Example("...", "a")], [], Filter(min_words=0))
    assert len(kept) == 2


def test_every_character_of_chinese_counts_as_a_word():
    assert Candidate(Example("今天很热。CO2 排放")).words == [["今", "天", "很", "热", "co2", "排", "放"]]


def test_a_duplicate_of_a_removed_row_is_kept():
    written = Example("one two three", "a", asked_for="b", source="generated")
    kept, rejected = sift([written, replace(written, asked_for=None, source="texts")], [], Filter())
    assert [row.source for row in kept] == ["texts"]
    assert [row.reason for row in rejected] == ["disagreement"]


WORDS = st.lists(st.sampled_from(["One", "one", "two", "three,", "FOUR"]), max_size=5).map(" ".join)
ROWS = st.builds(
    Example, text=WORDS, label=st.sampled_from(["a", "b", None]), asked_for=st.sampled_from(["a", "b", None])
)


@given(st.data(), st.lists(ROWS, max_size=12))
def test_the_order_of_rows_does_not_matter(data, rows):
    gold = [Example("one two four")]
    assert sift(data.draw(st.permutations(rows)), gold, Filter(min_words=1)) == sift(rows, gold, Filter(min_words=1))


@given(st.lists(ROWS, max_size=12))
def test_every_row_is_kept_or_has_a_reason(rows):
    kept, rejected = sift(rows, [Example("one two four")], Filter(min_words=1))
    assert len(kept) + len(rejected) == len(rows)
    assert all(row.reason is None for row in kept)
    assert all(row.reason for row in rejected)


@pytest.fixture
def labelled(tmp_path):
    def write(*rows, name="labelled", file="examples.jsonl"):
        (tmp_path / name).mkdir()
        write_examples(tmp_path / name / file, rows)
        return Artifact(tmp_path / name, "digest")

    return write


def test_the_stage_writes_what_is_kept_what_is_not_and_the_counts(labelled, out):
    texts = labelled(Example("one two three", "a"), Example("short", "a"))
    written = labelled(Example("four five six", "b", asked_for="b"), Example("in the gold", "a"), name="written")
    gold = labelled(Example("In the gold!", "a", source="gold"), name="gold", file="gold.jsonl")
    filter_examples([texts, written], gold, Filter(), "en", out=out)
    assert {row.text for row in read_examples(out / "kept.jsonl")} == {"one two three", "four five six"}
    rejected = read_examples(out / "rejected.jsonl")
    assert {(row.text, row.reason) for row in rejected} == {("short", "too short"), ("in the gold", "in gold")}
    assert json.loads((out / "counts.json").read_text()) == {
        "kept": 2,
        "removed": {"too short": 1, "in gold": 1},
        "masked": {},
    }


def test_equal_rows_in_another_order_give_equal_bytes(labelled, out, tmp_path):
    rows = [Example(f"text number {n % 7}", "a", attributes={"n": str(n)}) for n in range(20)]
    again = tmp_path / "again"
    again.mkdir()
    filter_examples([labelled(*rows)], None, Filter(), "en", out=out)
    filter_examples([labelled(*rows[::-1], name="reversed")], None, Filter(), "en", out=again)
    for name in ("kept.jsonl", "rejected.jsonl", "counts.json"):
        assert (out / name).read_bytes() == (again / name).read_bytes()


def test_nothing_left_is_an_error_with_the_counts(labelled, out):
    rows = [Example("short", "a"), Example("no answer here", reason="refused"), Example("brief", "b")]
    with pytest.raises(DataError, match=r"no row is left to train on \(too short: 2, unanswered: refused: 1\); look"):
        filter_examples([labelled(*rows)], None, Filter(), "en", out=out)


def pair_of(first, second, label="a"):
    return Example(first, label, text_pair=second)


def reasons_of(rows, gold=(), filter=None):
    _, rejected = sift(rows, gold, filter or Filter())
    return {row.content: row.reason for row in rejected}


def test_the_words_of_both_texts_of_a_pair_make_its_length():
    rows = [pair_of("one two", "three"), pair_of("one", "two"), pair_of("word " * 300, "word " * 101)]
    assert reasons_of(rows) == {("one", "two"): "too short", rows[2].content: "too long"}


def test_a_pair_is_in_gold_or_a_duplicate_only_where_both_texts_are_the_same():
    gold = [pair_of("It warms.", "They say so.")]
    rows = [pair_of("it warms", "they say SO"), pair_of("It warms.", "They do."), pair_of("They say so.", "It warms.")]
    again = [pair_of("It warms.", "They do."), pair_of("they say so", "IT warms!")]
    kept, rejected = sift([*rows, *again], gold, Filter())
    assert len(kept) == 2
    assert sorted(row.reason for row in rejected) == ["duplicate", "in gold", "near-identical"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_pair_shares_words_with_gold_if_either_of_its_texts_does(place):
    texts = ["something else", f"Yes, {LONG}"]
    row = pair_of(texts[place], texts[1 - place])
    assert reasons_of([row], [pair_of("other words", LONG)]) == {row.content: "shares 13 words in a row with gold"}


def test_words_in_a_row_do_not_run_from_one_text_of_a_pair_into_the_other():
    words = LONG.split()
    row = pair_of(" ".join(words[:8]), " ".join(words[8:]))
    assert reasons_of([row], [Example(LONG)]) == {}


def test_a_row_to_which_no_label_applies_is_answered_and_kept():
    rows = [Example("one two three", labels=()), Example("four five six", reason="refused")]
    assert reasons_of(rows) == {"four five six": "unanswered: refused"}


def test_a_label_asked_for_that_is_not_among_those_given_is_a_disagreement():
    rows = [
        Example("one two three", labels=("a", "b"), asked_for="b"),
        Example("four five six", labels=("a",), asked_for="b"),
        Example("six seven eight", labels=(), asked_for="b"),
    ]
    assert reasons_of(rows) == {"four five six": "disagreement", "six seven eight": "disagreement"}


def test_a_near_duplicate_with_the_same_answer_is_removed_and_one_with_another_is_kept():
    rows = [Example(LONG, "a"), Example(f"{LONG} already", "a"), Example(f"{LONG} maybe", "b")]
    kept, rejected = sift(rows, [], Filter())
    assert sorted(row.label for row in kept) == ["a", "b"]
    assert [row.reason for row in rejected] == ["near duplicate"]
    assert len(sift(rows, [], Filter(near_duplicate=1))[0]) == 3


def test_a_near_duplicate_of_gold_is_removed_whatever_its_label():
    short = " ".join(LONG.split()[:12])
    gold = [replace(Example(f"{short} today"), label="b")]
    assert reasons_of([Example(f"{short} again", "a")], gold) == {f"{short} again": "near duplicate of gold"}
    assert reasons_of([Example(f"{short} again", "a")], gold, Filter(near_duplicate=1)) == {}


def test_faults_are_looked_for_in_generated_texts_alone():
    text = "Here is a review that fits: it is good"
    assert reason_for(text, source="generated") == "talks about itself"
    assert reason_for(text, source="texts") is None
    assert reason_for(text, source="generated", filter=Filter(faults="keep")) is None


PHONED = "call me on 09061701461 this evening"


def test_personal_data_is_masked_dropped_or_kept():
    assert [row.text for row in sift([Example(PHONED, "a")], [], Filter())[0]] == [
        "call me on 09060000000 this evening"
    ]
    assert sift([Example(PHONED, "a")], [], Filter(personal_data="keep"))[0] == [Example(PHONED, "a")]
    (dropped,) = sift([Example(PHONED, "a")], [], Filter(personal_data="drop"))[1]
    assert (dropped.text, dropped.reason) == ("call me on 09060000000 this evening", "personal data: phone number")


def test_a_text_whose_mask_would_hide_it_is_still_known_to_be_in_gold():
    assert {*reasons_of([Example(PHONED, "a")], [Example(PHONED)]).values()} == {"in gold"}


def test_the_counts_say_in_how_many_rows_something_was_masked(labelled, out):
    rows = [Example(PHONED, "a"), Example(f"{PHONED} or 09061701462", "b"), Example("one two three", "a")]
    filter_examples([labelled(*rows)], None, Filter(), "en", out=out)
    assert json.loads((out / "counts.json").read_text())["masked"] == {"phone number": 2}


LONGER = st.lists(st.sampled_from([*LONG.split()[:4], "09061701461", "09061701462"]), min_size=1, max_size=12)
SIMILAR = st.builds(
    Example,
    text=LONGER.map(" ".join),
    label=st.sampled_from(["a", "b"]),
    source=st.sampled_from(["texts", "generated"]),
)


@given(st.data(), st.lists(SIMILAR, max_size=12), st.sampled_from(["mask", "drop", "keep"]))
def test_what_is_kept_is_kept_again_and_does_not_depend_on_the_order_of_rows(data, rows, personal_data):
    filter, gold = Filter(min_words=1, near_duplicate=0.6, personal_data=personal_data), [Example("the report says")]
    kept, _ = sift(rows, gold, filter)
    assert sift(kept, gold, filter) == (kept, [])
    assert sift(data.draw(st.permutations(rows)), gold, filter) == sift(rows, gold, filter)
