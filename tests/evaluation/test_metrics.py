import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef

TRUTH, PREDICTED = [0, 1, 2, 2, 1, 0, 2], [0, 2, 2, 2, 1, 1, 0]


@pytest.fixture(scope="module")
def metrics():
    from factory.evaluation import metrics

    return metrics


def test_metrics_are_evaluate_metrics_under_the_names_of_the_hub(metrics):
    import evaluate

    for metric, name in ((metrics.Accuracy, "accuracy"), (metrics.F1, "f1")):
        assert issubclass(metric, evaluate.Metric)
        assert metric(keep_in_memory=True).name == name
    assert metrics.MatthewsCorrelation(keep_in_memory=True).name == "matthews_correlation"


def test_metrics_combine_as_those_of_evaluate_do(metrics):
    import evaluate

    both = evaluate.combine([metrics.Accuracy(), metrics.F1()])
    assert both.compute(predictions=PREDICTED, references=TRUTH) == {
        "accuracy": pytest.approx(4 / 7),
        "f1": pytest.approx(f1_score(TRUTH, PREDICTED, average="macro")),
    }


def test_metrics_are_computed_from_class_numbers(metrics):
    assert metrics.compute_metrics(TRUTH, PREDICTED) == {
        "accuracy": pytest.approx(4 / 7, abs=1e-6),
        "macro_f1": pytest.approx(f1_score(TRUTH, PREDICTED, average="macro"), abs=1e-6),
        "matthews_correlation": pytest.approx(matthews_corrcoef(TRUTH, PREDICTED), abs=1e-6),
    }


def test_metrics_and_intervals_agree_on_the_value(metrics):
    from factory.evaluation.intervals import bootstrap_scores

    values = {name: score["value"] for name, score in bootstrap_scores(TRUTH, PREDICTED, 3).items()}
    assert values == metrics.compute_metrics(TRUTH, PREDICTED)


def test_every_label_is_described_even_one_that_no_row_has(metrics):
    found = metrics.describe_labels(["a", "a", "b"], ["a", "b", "b"], ["b", "a", "none"])
    assert list(found["per_label"]) == ["b", "a", "none"]
    assert found["per_label"]["a"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3, abs=1e-6),
        "support": 2,
    }
    assert found["per_label"]["none"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert found["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_a_single_label_has_no_correlation_and_no_warning(metrics):
    assert metrics.compute_metrics([1, 1], [1, 1]) == {"accuracy": 1, "macro_f1": 1, "matthews_correlation": 0}


SETS = (
    np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]]),
    np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0]]),
)


def test_label_sets_have_a_configuration_of_their_own(metrics):
    ours = metrics.F1("multilabel", keep_in_memory=True)
    found = ours.compute(predictions=SETS[1].tolist(), references=SETS[0].tolist(), average="micro")
    assert found == {"f1": pytest.approx(f1_score(*SETS, average="micro"))}


def test_metrics_and_intervals_of_label_sets_agree_on_the_value(metrics):
    from factory.evaluation.intervals import bootstrap_set_scores

    values = {name: score["value"] for name, score in bootstrap_set_scores(*SETS).items()}
    assert values == metrics.compute_set_metrics(*SETS)
    assert values["accuracy"] == 0.5
    assert values["macro_f1"] == pytest.approx(np.mean(f1_score(*SETS, average=None, zero_division=0)[:3]), abs=1e-6)


def test_label_sets_without_any_label_have_no_f1_and_no_warning(metrics):
    nothing = np.zeros((3, 2), int)
    assert metrics.compute_set_metrics(nothing, nothing) == {"accuracy": 1, "macro_f1": 0, "micro_f1": 0}


def test_each_label_of_a_set_is_described_by_itself(metrics):
    found = metrics.describe_set_labels(*SETS, ["a", "b", "c", "d"])
    assert found["per_label"]["b"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert found["per_label"]["d"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert "confusion" not in found
