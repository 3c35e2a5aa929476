"""What the teacher writes is tidied and kept with the label that was asked for."""

from hypothesis import given
from hypothesis import strategies as st

from factory.data.examples import Example, read_examples
from factory.data.generation import generate_texts, tidy
from factory.recipe import Generate
from tests.data.conftest import PlainTeacher


def test_texts_keep_the_label_asked_for_and_have_none_of_their_own(task, out):
    teacher = PlainTeacher(texts=[("  Lovely \t film. ", "good"), (" \n ", "bad"), ("Dull.", "bad")])
    generate_texts(task, Generate(rows=3), teacher, out=out)
    assert read_examples(out / "texts.jsonl") == [
        Example("Lovely film.", asked_for="good", source="generated"),
        Example("", asked_for="bad", source="generated"),
        Example("Dull.", asked_for="bad", source="generated"),
    ]


def test_lines_and_paragraphs_are_kept_blanks_are_not():
    assert tidy("Dear\u00a0team, \r\n\r\n\n\n  no\tapp .  \nBye\n") == "Dear team,\n\nno app .\nBye"


def test_equal_characters_get_one_spelling():
    assert tidy("cafe\u0301") == "caf\u00e9"


@given(st.text())
def test_a_tidy_text_stays_as_it_is(text):
    assert tidy(tidy(text)) == tidy(text)
