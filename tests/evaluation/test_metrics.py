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
