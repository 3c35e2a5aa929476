import pytest

from factory.comparing.comparison import compare
from tests.comparing.invented import invent_run, invent_student, invent_truth

TRUTH = invent_truth(3_000)
LORA = {"method": "lora", "init": "default", "lr": 5e-4}


def claims_of(runs, **settings):
    return {(claim["claim"], len(claim["tasks"])): claim for claim in compare(runs, **settings)["claims"]}


def lora_and_full(full, lora, **settings):
    return [*invent_student("base", full, TRUTH, salt=1), *invent_student("small", lora, TRUTH, salt=2, **LORA)]


@pytest.mark.parametrize(
    ("full", "lora", "verdict"),
    [(0.9, 0.8, "supported"), (0.8, 0.9, "not supported"), (0.850, 0.848, "cannot be told")],
)
def test_the_verdict_follows_the_interval(full, lora, verdict):
    found = claims_of(lora_and_full(full, lora))["full fine-tuning beats LoRA", 1]
    assert found["verdict"] == verdict
    assert found["contrast"] == "LoRA \N{MINUS SIGN} full"


def test_an_advantage_too_small_to_matter_is_not_supported():
    """Equal but for one row in 3,000: whatever the sign, it is less than half a point."""
    almost = [TRUTH[1], *TRUTH[1:]] if TRUTH[0] != TRUTH[1] else [TRUTH[2], *TRUTH[1:]]
    runs = [invent_run(truth=TRUTH, predicted=TRUTH), invent_run("small", truth=TRUTH, predicted=almost, **LORA)]
    assert claims_of(runs)["full fine-tuning beats LoRA", 1]["verdict"] == "not supported"


def test_a_sentence_gives_the_difference_at_the_best_rates_and_at_one_shared_rate():
    shared = invent_student("small", 0.7, TRUTH, salt=3, **{**LORA, "lr": 5e-5}, shared_lr=True)
    found = claims_of([*lora_and_full(0.9, 0.8), *shared])["full fine-tuning beats LoRA", 1]
    best, at_shared = (
        "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * found[which][name] for name in ("difference", "low", "high")))
        for which in ("difference", "at_shared_lr")
    )
    assert found["sentence"].replace("\N{MINUS SIGN}", "-") == (
        f"news (mini): LoRA - full = {best} points at each method's best learning rate; at one shared rate "
        f"{at_shared}. Full fine-tuning beats LoRA: supported."
    )


def test_each_svd_start_is_held_against_the_default_start():
    runs = [
        *invent_student("small", 0.8, TRUTH, salt=1, **LORA),
        *invent_student("pissa", 0.9, TRUTH, salt=2, **{**LORA, "init": "pissa"}),
        *invent_student("eva", 0.7, TRUTH, salt=3, **{**LORA, "init": "eva"}),
    ]
    verdicts = {claim: found["verdict"] for (claim, _), found in claims_of(runs).items()}
    assert verdicts == {
        "PiSSA is a better start for LoRA than the default": "supported",
        "EVA is a better start for LoRA than the default": "not supported",
    }


def test_over_tasks_the_mean_of_the_differences_is_judged():
    second = [
        invent_run(**{**vars(run), "task": "mail"})
        for run in [*invent_student("base", 0.7, TRUTH, salt=5), *invent_student("small", 0.65, TRUTH, salt=6, **LORA)]
    ]
    claims = compare([*lora_and_full(0.9, 0.8), *second])["claims"]
    single, pooled = claims[:2], claims[2]
    assert pooled["tasks"] == ["news", "mail"]
    expected = sum(claim["difference"]["difference"] for claim in single) / 2
    assert pooled["difference"]["difference"] == pytest.approx(expected, abs=2e-6)
    widths = [claim["difference"]["high"] - claim["difference"]["low"] for claim in claims]
    assert widths[2] < max(widths[:2])
    assert pooled["sentence"].startswith("Mean of 2 tasks (mini): LoRA")


def test_base_models_are_not_mixed():
    large = [invent_run(**{**vars(run), "base_model": "large", "student": f"large-{run.student}"})
             for run in lora_and_full(0.7, 0.8)]  # fmt: skip
    claims = compare([*lora_and_full(0.9, 0.8), *large])["claims"]
    assert [(claim["base_model"], claim["verdict"]) for claim in claims] == [
        ("mini", "supported"),
        ("large", "not supported"),
    ]


@pytest.mark.parametrize(
    ("student", "verdict"), [(0.92, "supported"), (0.80, "not supported"), (0.88, "cannot be told")]
)
def test_the_student_that_validation_prefers_is_held_against_the_teacher(student, verdict):
    runs = [
        *invent_student("base", student, TRUTH, salt=1, validation=0.9),
        *invent_student("small", 0.99, TRUTH, salt=2, **LORA, validation=0.8),
    ]
    teacher = invent_student("teacher", 0.9, TRUTH, salt=3, seeds=1)[0].predicted
    found = claims_of(runs, teachers={"news": teacher})["the student comes within two points of its teacher", 1]
    assert found["between"] == [["base", None]]
    assert found["verdict"] == verdict


def test_nothing_is_claimed_of_methods_that_were_not_tried():
    assert compare(invent_student("base", 0.8, TRUTH))["claims"] == []
