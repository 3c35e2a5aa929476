"""Training: what it writes, what it refuses, and that it can be killed."""

import json
import os
import shutil
from dataclasses import replace

import pytest

from factory.data.examples import Example, read_examples, write_examples
from factory.errors import TrainingError
from factory.recipe import Task
from factory.recipe_students import Head
from factory.store import Artifact
from factory.students.fitting import last_checkpoint
from factory.students.lesson import Lesson
from factory.students.training import choose_run, search_student, train_student
from tests.students.killing import hashes, kill_at
from tests.students.toy import STUDENT, TASK, toy_material, train_toy

TRAIN = """
import sys
from pathlib import Path
from tests.students.killing import hashes, kill_at
from tests.students.toy import train_toy
train_toy(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def copy_base(toy, tmp_path, **changes):
    """A copy of the toy's folder whose base model has other values in its config.json."""
    folder = tmp_path / "copy"
    shutil.copytree(toy, folder)
    file = folder / "base" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    return folder


def test_the_model_folder_holds_only_what_transformers_reads(trained):
    assert sorted(path.name for path in (trained.path / "model").iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert sorted(path.name for path in trained.path.iterdir()) == ["model", "training.json"]


def test_the_configuration_names_the_labels_in_the_order_of_the_task(trained):
    config = json.loads((trained.path / "model" / "config.json").read_text())
    assert config["id2label"] == {"0": "yes", "1": "no"}
    assert config["label2id"] == {"yes": 0, "no": 1}
    assert config["problem_type"] == "single_label_classification"
    assert config["architectures"] == ["BertForSequenceClassification"]


def test_the_tokenizer_says_where_texts_are_cut_and_keeps_no_state(trained):
    settings = json.loads((trained.path / "model" / "tokenizer_config.json").read_text())
    tokenizer = json.loads((trained.path / "model" / "tokenizer.json").read_text())
    assert settings["model_max_length"] == STUDENT.max_length
    assert (tokenizer["truncation"], tokenizer["padding"]) == (None, None)


def test_no_file_names_a_path_of_the_machine(trained, toy):
    for path in trained.path.rglob("*"):
        assert not path.is_file() or str(toy).encode() not in path.read_bytes(), path


def test_training_facts_tell_epochs_scores_and_rows(trained):
    facts = json.loads((trained.path / "training.json").read_text())
    scores = [epoch["macro_f1"] for epoch in facts["validation"]]
    assert facts["best_epoch"] == scores.index(max(scores)) + 1
    assert facts["epochs"] == len(scores)
    assert facts["rows"] == {"train": 50, "validation": 15}
    assert facts["parameters"] == 45634


def test_the_student_learns_what_it_was_taught(trained, toy):
    from factory.students.loading import load_folder

    rows = read_examples(toy / "splits" / "held_out.jsonl")
    answers = load_folder(trained.path / "model")([row.text for row in rows])
    right = [answer["label"] == row.label for answer, row in zip(answers, rows, strict=True)]
    assert sum(right) >= 0.9 * len(rows)


def test_equal_inputs_give_equal_bytes(trained, toy, tmp_path):
    assert hashes(train_toy(toy, tmp_path / "again").path) == hashes(trained.path)


def test_another_seed_gives_another_model(trained, toy, tmp_path):
    other = train_toy(toy, tmp_path / "other", STUDENT.model_copy(update={"seed": 1}))
    assert hashes(other.path)["model/model.safetensors"] != hashes(trained.path)["model/model.safetensors"]


def test_training_prints_nothing_on_stdout(toy, tmp_path, capfd):
    train_toy(toy, tmp_path / "out", STUDENT.model_copy(update={"epochs": 1}))
    assert capfd.readouterr().out == ""


def test_a_training_killed_in_both_passes_ends_with_the_same_model(trained, toy, tmp_path):
    killed = tmp_path / "killed"
    for place in (tmp_path / "killed-search", killed):
        kill_at(".scratch/checkpoint-*", place, TRAIN, toy, killed)
    assert not (killed / "training.json").exists()
    train_toy(toy, killed)
    assert hashes(killed) == hashes(trained.path)


def test_a_checkpoint_that_was_cut_short_is_passed_over(tmp_path):
    for step, state in ((4, '{"global_step": 4}'), (8, '{"global_step"'), (12, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state:
            (folder / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-4"
    assert os.listdir(tmp_path) == ["checkpoint-4"]


def test_the_teachers_distribution_is_learned_and_its_label_is_what_counts_in_validation(toy):
    from factory.students.pretrained import load_classifier, load_tokenizer
    from factory.students.quiet import quiet_transformers

    row = Example("the soup was nice", "yes", probabilities={"yes": 0.6, "no": 0.2})
    lesson = Lesson([row], [], TASK, STUDENT, toy, base=toy / "base")
    with quiet_transformers():
        from factory.students.trainer import encode

        network, tokenizer = load_classifier(lesson), load_tokenizer(lesson)
    soft, hard = (encode([row], tokenizer, network, TASK, soft=soft)[0]["labels"] for soft in (True, False))
    assert soft == pytest.approx([0.75, 0.25])
    assert hard == [1.0, 0.0]


def test_of_several_runs_the_best_on_validation_rows_is_kept_and_of_equals_the_first():
    assert choose_run([{"macro_f1": 0.5}, {"macro_f1": 0.7}, {"macro_f1": 0.7}]) == 1


def test_what_was_tried_is_told(trained):
    facts = json.loads((trained.path / "training.json").read_text())
    (tried,) = facts["tried"]
    assert (tried["method"], tried["lr"], tried["seed"]) == ("full", STUDENT.lr, 0)
    assert tried["macro_f1"] == facts["macro_f1"]


def test_rare_labels_weigh_more_or_come_more_often_on_request(toy):
    rows = [Example(f"text {number}", "yes" if number else "no") for number in range(4)]

    def learn(balance):
        return Lesson(rows, [], TASK, STUDENT.model_copy(update={"balance": balance}), toy)

    assert learn("none").label_weights is None
    assert learn("weights").label_weights == pytest.approx([2 / 3, 2.0])
    assert [row.label for row in learn("sampling").balanced_rows].count("no") == 3


def test_two_hundred_labels_are_learned_with_a_row_or_two_each(toy, tmp_path):
    words = ("wonderful", "great", "nice", "best", "awful")
    labels = {f"label {number}": f"number {number}" for number in range(200)}
    rows = [Example(f"the {words[number % 5]} {number}", label) for number, label in enumerate([*labels] * 2)]
    splits = tmp_path / "splits"
    splits.mkdir()
    for part, chosen in {"train": rows, "validation": rows[:200], "held_out": rows[:200]}.items():
        write_examples(splits / f"{part}.jsonl", chosen)
    task, head = Task(text="A", question="Which?", labels=labels), Head(name="h", method="head", base_model="tiny")
    material = toy_material(toy, task, splits)
    for place in ("searched", "out"):
        (tmp_path / place).mkdir()
    search_student(material, head, out=tmp_path / "searched")
    train_student(material, [head], [Artifact(tmp_path / "searched", "searched")], out=tmp_path / "out")
    assert len(json.loads((tmp_path / "out" / "model" / "config.json").read_text())["id2label"]) == 200


def test_a_loss_that_is_no_number_stops_training(toy, tmp_path):
    with pytest.raises(TrainingError, match=r"the loss of toy is no longer a number after .* lower its `lr`"):
        train_toy(toy, tmp_path / "out", STUDENT.model_copy(update={"lr": 1e30}))


def test_memory_that_runs_out_is_reported_with_the_remedy():
    import torch

    from factory.students.training import _explained

    with (
        pytest.raises(TrainingError, match=r"toy does not fit in memory with 16 rows of 32 tokens .* halve"),
        _explained(STUDENT),
    ):
        torch.empty(10**15)


def test_a_fault_that_is_not_of_memory_keeps_its_traceback():
    from factory.students.training import _explained

    with pytest.raises(RuntimeError, match="something else"), _explained(STUDENT):
        raise RuntimeError("something else")


def test_a_base_with_pickled_weights_alone_is_refused(toy, tmp_path):
    folder = copy_base(toy, tmp_path)
    (folder / "base" / "model.safetensors").rename(folder / "base" / "pytorch_model.bin")
    with pytest.raises(TrainingError, match=r"acme/tiny: has no model\.safetensors"):
        train_toy(folder, tmp_path / "out")


def test_a_base_that_needs_code_of_its_own_is_refused(toy, tmp_path):
    folder = copy_base(toy, tmp_path, auto_map={"AutoModel": "modeling.Model"})
    with pytest.raises(TrainingError, match=r"acme/tiny: needs code of its own \(auto_map in config\.json\)"):
        train_toy(folder, tmp_path / "out")


def test_a_base_without_a_tokenizer_is_refused(toy, tmp_path):
    folder = copy_base(toy, tmp_path)
    for path in (folder / "base").glob("tokenizer*"):
        path.unlink()
    with pytest.raises(TrainingError, match=r"acme/tiny: has no tokenizer; choose .* tokenizer\.json"):
        train_toy(folder, tmp_path / "out")


def test_a_base_of_an_unknown_kind_is_refused(toy, tmp_path):
    folder = copy_base(toy, tmp_path, model_type="perceptron")
    with pytest.raises(TrainingError, match=r"acme/tiny: its config\.json cannot be used .*perceptron"):
        train_toy(folder, tmp_path / "out")


def test_a_base_that_cannot_classify_texts_is_refused(toy, tmp_path):
    folder = copy_base(toy, tmp_path, model_type="vit")
    with pytest.raises(TrainingError, match="acme/tiny: a vit cannot classify texts; choose an encoder"):
        train_toy(folder, tmp_path / "out")


def test_weights_that_do_not_fit_their_configuration_are_refused(toy, tmp_path):
    folder = copy_base(toy, tmp_path, num_hidden_layers=3)
    with pytest.raises(TrainingError, match=r"its weights do not fit its config\.json \(16 tensors such as"):
        train_toy(folder, tmp_path / "out")


def test_damaged_weights_are_refused(toy, tmp_path):
    folder = copy_base(toy, tmp_path)
    weights = folder / "base" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(TrainingError, match="acme/tiny: its weights cannot be read"):
        train_toy(folder, tmp_path / "out")


def test_more_tokens_than_the_base_takes_are_refused(toy, tmp_path):
    with pytest.raises(TrainingError, match="toy: max_length is 600 tokens, but acme/tiny takes 512; lower it"):
        train_toy(toy, tmp_path / "out", STUDENT.model_copy(update={"max_length": 600}))


def test_labels_that_are_not_in_the_task_are_refused(toy, tmp_path):
    task = Task(text=TASK.text, question=TASK.question, labels={"yes": "", "maybe": ""})
    with pytest.raises(TrainingError, match="train rows have labels that are not in the task: 'no'"):
        search_student(toy_material(toy, task), STUDENT, out=tmp_path)


def test_no_rows_for_validation_are_refused(toy, tmp_path):
    folder = copy_base(toy, tmp_path)
    write_examples(folder / "splits" / "validation.jsonl", [])
    with pytest.raises(TrainingError, match="there are no validation rows"):
        train_toy(folder, tmp_path / "out")


def test_a_text_longer_than_the_model_reads_is_cut(toy, tmp_path):
    folder = copy_base(toy, tmp_path)
    rows = read_examples(folder / "splits" / "train.jsonl")
    rows[0] = replace(rows[0], text="the soup was nice " * 2_500)
    write_examples(folder / "splits" / "train.jsonl", rows)
    train_toy(folder, tmp_path / "out", STUDENT.model_copy(update={"epochs": 1}))
    assert (tmp_path / "out" / "model" / "model.safetensors").is_file()
