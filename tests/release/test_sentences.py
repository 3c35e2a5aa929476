import pytest

from factory.release.sentences import is_machine_labelled


@pytest.mark.parametrize(
    "labelled_by",
    [
        "a language model (three blind votes by runs of the same model; no human)",
        "GPT-4o",
        "the same LLM as the teacher",
        "an automatic rule",
        "Claude, three votes",
        "AI",
    ],
)
def test_machines_are_recognised(labelled_by):
    assert is_machine_labelled(labelled_by)


@pytest.mark.parametrize(
    "labelled_by",
    ["humans", "Humans (two, with a language model's suggestions)", "the support team", "Ada, by hand", "experts"],
)
def test_people_are_not_taken_for_machines(labelled_by):
    assert not is_machine_labelled(labelled_by)
