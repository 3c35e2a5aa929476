from factory.data.examples import Example
from factory.release.samples import choose_samples, is_presentable

ROWS = [Example(f"A sentence with the number {number} in it.", "ab"[number % 2]) for number in range(20)]


def test_labels_take_turns():
    assert [row.label for row in choose_samples(ROWS, ["b", "a"], 5)] == ["b", "a", "b", "a", "b"]


def test_the_order_of_rows_does_not_matter():
    assert choose_samples(ROWS, ["a", "b"], 4) == choose_samples(ROWS[::-1], ["a", "b"], 4)


def test_texts_that_fill_one_line_come_first():
    ugly = [Example(text, "a") for text in ("two\nlines of some length", "short", "long " * 100, "\x1b[31m" * 9)]
    assert choose_samples([*ugly, ROWS[0]], ["a"], 1) == [ROWS[0]]
    assert not any(is_presentable(row) for row in ugly)


def test_rows_that_are_all_there_is_are_shown_all_the_same():
    assert len(choose_samples([Example("x", "a")], ["a", "b"], 6)) == 1


def test_rows_without_a_label_have_a_turn_too():
    rows = [
        Example(f"A sentence with the number {number}.", labels=labels) for number, labels in enumerate([("b",), ()])
    ]
    assert [row.labels for row in choose_samples(rows, ["a", "b"], 6)] == [("b",), ()]


def test_of_a_pair_either_text_may_spoil_the_line():
    assert is_presentable(Example("A short question?", text_pair="Yes."))
    assert not is_presentable(Example("A short question?", text_pair="Two\nlines."))
