"""A row is known by its text, and survives its file."""

from hypothesis import given
from hypothesis import strategies as st

from factory.data.examples import Example, read_examples, write_examples

TEXTS = st.text(st.characters(codec="utf-8"))
EXAMPLES = st.builds(
    Example,
    text=TEXTS,
    label=st.none() | TEXTS,
    confidence=st.none() | st.floats(0, 1),
    probabilities=st.none() | st.dictionaries(TEXTS, st.floats(0, 1)),
    attributes=st.dictionaries(TEXTS, TEXTS),
    reason=st.none() | TEXTS,
)


@given(st.lists(EXAMPLES))
def test_rows_are_read_back_as_they_were_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_examples(path, rows)
    assert read_examples(path) == rows


def test_the_id_depends_on_the_text_alone():
    assert Example("a").id == Example("a", "label", source="gold").id == "ca978112ca1bbdca"
    assert Example("a").id != Example("a ").id
