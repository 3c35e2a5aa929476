"""What lies behind a row is told in lines for people, whatever the kind of its task."""

import pytest

from factory.tracing import Trace


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        ({"text": "Hi.", "label": "ham"}, ["train: Hi.", "label: ham, by someone"]),
        ({"text": "Hi.", "labels": ["ham", "odd"]}, ["train: Hi.", "label: ham, odd, by someone"]),
        ({"text": "Hi.", "labels": []}, ["train: Hi.", "label: none applies, by someone"]),
        ({"text": "Hi.", "text_pair": "Yo.", "label": "ham"}, ["train: Hi.", "and: Yo.", "label: ham, by someone"]),
    ],
)
def test_a_row_is_shown_with_its_texts_and_its_answer(row, lines):
    trace = Trace(row, "train", [{"stage": "label_texts", "key": "abc"}], "someone", [])
    rest = ["stage: label_texts abc", "no call about this text is in the ledger of this machine"]
    assert str(trace).splitlines() == [*lines, *rest]
