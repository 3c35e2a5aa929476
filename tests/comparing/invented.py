"""Runs with a known truth: nobody trained them."""

import numpy as np

from factory.comparing.runs import Run


def invent_run(student="base", *, truth, predicted, **settings):
    """One run with every setting filled in."""
    given = {
        "task": "news",
        "method": "full",
        "lr": 5e-5,
        "seed": 0,
        "validation": 0.8,
        "parameters": 1000,
        "trained_parameters": 1000,
        "cpu_seconds": 10.0,
        "peak_bytes": 5_000_000,
        "bytes": 4_000_000,
        "base_model": "mini",
        **settings,
    }
    return Run(student=student, truth=truth, predicted=predicted, **given)


def invent_truth(rows=400, classes=3, seed=0):
    """Labels of gold rows."""
    return [f"label {number}" for number in np.random.default_rng(seed).integers(0, classes, rows)]


def invent_answers(truth, share_right, seed=0):
    """The truth in a share of rows, some other label of the truth elsewhere."""
    random, labels = np.random.default_rng([seed, len(truth)]), sorted(set(truth))
    wrong = [labels[(labels.index(label) + 1) % len(labels)] for label in truth]
    return [
        right if is_right else other
        for right, other, is_right in zip(truth, wrong, random.random(len(truth)) < share_right, strict=True)
    ]


def invent_student(name, share_right, truth, *, seeds=3, salt=0, **settings):
    """A run for each seed, all about as good."""
    return [
        invent_run(
            name,
            truth=truth,
            predicted=invent_answers(truth, share_right, seed=100 * salt + seed),
            seed=seed,
            **settings,
        )
        for seed in range(seeds)
    ]
