"""A row is known by its text, and survives its file."""

from hypothesis import given
from hypothesis import strategies as st

from factory.data.examples import Example, is_blank, read_examples, write_examples

TEXTS = st.text(st.characters(codec="utf-8"))
EXAMPLES = st.builds(
    Example,
    text=TEXTS,
    label=st.none() | TEXTS,
    confidence=st.none() | st.floats(0, 1),
    probabilities=st.none() | st.dictionaries(TEXTS, st.floats(0, 1)),
    attributes=st.dictionaries(TEXTS, TEXTS),
    reason=st.none() | TEXTS,
    text_pair=st.none() | TEXTS,
    labels=st.none() | st.lists(TEXTS).map(tuple),
)


@given(st.lists(EXAMPLES))
def test_rows_are_read_back_as_they_were_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_examples(path, rows)
    assert read_examples(path) == rows


def test_the_id_depends_on_the_text_alone():
    assert Example("a").id == Example("a", "label", source="gold").id == "ca978112ca1bbdca"
    assert Example("a").id != Example("a ").id


def test_the_id_of_a_pair_depends_on_both_texts_and_their_order():
    pairs = [Example(first, text_pair=second) for first, second in (("a", "b"), ("b", "a"), ("ab", ""), ("a", "bb"))]
    assert len({pair.id for pair in [*pairs, Example("a"), Example("ab")]}) == 6
    assert pairs[0].id == Example("a", "yes", text_pair="b", source="gold").id


def test_an_answer_is_one_label_or_several_and_none_that_applies_is_an_answer():
    assert [Example("a", "x").answer, Example("a", labels=("x", "y")).answer] == ["x", ("x", "y")]
    assert [Example("a", labels=()).answer, Example("a").answer] == [(), None]
    assert [Example("a", "x").given_labels, Example("a", labels=()).given_labels] == [("x",), ()]


def test_a_row_is_as_asked_if_the_label_asked_for_is_among_those_given():
    rows = [Example("a", labels=labels, asked_for="x") for labels in (("w", "x"), ("w",), (), None)]
    assert [row.is_as_asked for row in rows] == [True, False, False, None]
    assert Example("a", "x").is_as_asked is None


def test_a_pair_is_blank_if_either_of_its_texts_is():
    assert not any(map(is_blank, ["a", ("a", "b")]))
    assert all(map(is_blank, ["", " \n", ("a", " "), ("", "b")]))
