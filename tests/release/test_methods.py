import re

import pytest

from factory.release.release import write_release
from tests.release.outputs import RECIPE, gold_rows, make_outputs
from tests.release.pages import LABELS

STUDENT = "{name: minilm, base_model: sentence-transformers/all-MiniLM-L6-v2}"
BIG = "{name: big, base_model: org/big}"


def card(folder, *students, facts=None):
    """Return the card of the last of `students`."""
    text = RECIPE.replace(STUDENT, "\n  - ".join(students))
    (folder / "release").mkdir()
    write_release(*make_outputs(folder, text, gold=gold_rows(LABELS), facts=facts), out=folder / "release")
    name = students[-1].split("name: ")[1].split(",")[0]
    return (folder / "release" / f"model-{name}" / "README.md").read_text()


@pytest.mark.parametrize(
    ("student", "said"),
    [
        (
            "{name: x, base_model: org/b, head_first: false}",
            [
                "It is `org/b` (22.7 million parameters), fine-tuned on 85 texts",
                "\nEvery weight was trained: peak learning rate 5e-5, batches of 16, seed 0. It stopped after 4 of up",
            ],
        ),
        (
            "{name: x, base_model: org/b, method: head}",
            ["with a head trained on 85 texts", "The head alone was trained", "settled what was open; then the model"],
        ),
        (
            "{name: x, base_model: org/b, method: lora, init: pissa, rank: 8, dora: true}",
            [
                "fine-tuned by low-rank adapters that are merged into its weights, on 85 texts",
                "then low-rank factors (LoRA) were trained beside the frozen weights: peak learning rate 0.0003",
                "The factors have rank 8, alpha 16, stand in all linear layers, with DoRA, and started from the "
                "largest singular values of the weights (PiSSA). They are merged into the weights",
            ],
        ),
        (
            "{name: x, base_model: org/b, method: distil, soft_weight: 0.9, temperature: 3}",
            [
                "on how sure the language model was of each label",
                "90 % of the loss is the distance to the probabilities of the language model, both softened at "
                "temperature 3; 10 % is on the labels.",
            ],
        ),
        (
            "{name: x, base_model: org/b, method: shrink, layers: [0, 5], vocabulary: used, init: random}",
            [
                "It is a network with the shape of the layers 0, 5 of `org/b`, and random weights.",
                "Its vocabulary was cut down",
            ],
        ),
        ("{name: x, base_model: org/b, balance: weights}", ["Rare labels weigh more in the loss"]),
        ("{name: x, base_model: org/b, balance: sampling}", ["(balanced sampling)"]),
    ],
)
def test_a_card_says_how_its_student_was_made(tmp_path, student, said):
    text = card(tmp_path, student)
    for sentence in said:
        assert sentence in text


def test_a_student_of_a_student_names_it(tmp_path):
    student = "{name: x, base_model: org/b, method: shrink, teacher: big, layers: 3}"
    text = card(tmp_path, BIG, student)
    assert (
        "It is a small network (22.7 million parameters) with 3 layers, evenly spaced, of `me/climate-stance-big`"
        in text
    )
    assert "the probabilities of `me/climate-stance-big`" in text


def test_what_was_tried_is_shown_with_what_chose(tmp_path):
    tried = [
        {"method": "linear", "lr": None, "seed": 0, "macro_f1": 0.7},
        {"method": "full", "lr": 5e-5, "seed": 0, "macro_f1": 0.82},
        {"method": "full", "lr": 1e-4, "seed": 0, "macro_f1": 0.8},
    ]
    text = card(tmp_path, "{name: x, base_model: org/b, lr: [5e-5, 1e-4]}", facts={"tried": tried})
    assert "3 runs were tried; validation rows chose among them, never gold." in text
    assert re.search(r"\| linear +\| +- \| +0 \| +70\.0 \|", text)
    assert re.search(r"\| \*\*full\*\* +\| +\*\*5e-5\*\* \| \*\*0\*\* \| +\*\*82\.0\*\* \|", text)
    assert text.count("**full**") == 1


def test_one_run_needs_no_table(tmp_path):
    assert "runs were tried" not in card(tmp_path, STUDENT)


def test_a_training_that_used_all_its_epochs_claims_no_early_stop(tmp_path):
    text = card(tmp_path, STUDENT, facts={"epochs": 10, "best_epoch": 9})
    assert "It took all of its 10 epochs, of which epoch 9 was the best on validation rows" in text
    assert "It stopped after" not in text


@pytest.mark.parametrize("student", ["{name: x, method: linear}", "{name: x, method: static, base_model: org/b}"])
def test_a_student_without_a_network_is_loaded_by_hf_factory_alone(tmp_path, student):
    text = card(tmp_path, student)
    assert "library_name: hf-factory" in text
    assert "transformers" not in text.replace("sentence-transformers", "")
    assert "onnx" not in text
    assert 'classify = factory.load("me/climate-stance-x", revision="release-0123456789ab")' in text
    assert '# [{"label": "agree", "score": 0.93}]' in text
    assert "learning rate" not in text


def test_a_linear_student_has_no_base_model_and_reads_whole_texts(tmp_path):
    text = card(tmp_path, "{name: x, method: linear}")
    assert "base_model" not in text
    assert "The base model" not in text
    assert "is cut off" not in text
    assert "costs nothing" not in text
