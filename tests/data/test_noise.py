"""The estimate of noise on labels whose truth is known."""

import numpy as np
import pytest

from factory.data.noise import estimate_noise


def draw(rows, labels, rate, seed=0, sharpness=3.0, doubt=1.0):
    """Logits of calibrated students, and labels that follow from them but for a share that is drawn blindly."""
    dice = np.random.default_rng(seed)
    logits = sharpness * dice.normal(size=(rows, labels))
    likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (likely.cumsum(axis=1) > dice.random((rows, 1))).argmax(axis=1)
    is_wrong = dice.random(rows) < rate
    given = np.where(is_wrong, (truth + dice.integers(1, labels, rows)) % labels, truth)
    return doubt * logits, given, is_wrong


@pytest.mark.parametrize(("rate", "labels"), [(0.0, 3), (0.05, 20), (0.1, 2), (0.2, 3)])
def test_the_estimate_is_near_the_share_that_was_drawn_blindly(rate, labels):
    logits, given, is_wrong = draw(2_000, labels, rate)
    found = estimate_noise(logits, given).rate
    assert abs(found["value"] - is_wrong.mean()) < 0.04
    assert found["low"] - 0.01 <= is_wrong.mean() <= found["high"] + 0.01


def test_that_no_label_contradicts_does_not_prove_that_none_is_wrong():
    given = np.arange(60) % 3
    found = estimate_noise(9.0 * np.eye(3)[given], given).rate
    assert (found["value"], found["low"]) == (0, 0)
    assert 0.01 < found["high"] < 0.1  # 1.92 / 60 of the rows


@pytest.mark.parametrize("doubt", [0.5, 2.0])
def test_students_that_are_too_sure_or_not_sure_enough_change_nothing(doubt):
    logits, given, is_wrong = draw(2_000, 4, 0.1, doubt=doubt)
    assert abs(estimate_noise(logits, given).rate["value"] - is_wrong.mean()) < 0.03


def test_doubt_of_the_students_is_not_taken_for_noise():
    logits, given, _ = draw(2_000, 3, 0.0, sharpness=0.7)
    assert (logits.argmax(axis=1) != given).mean() > 0.4
    assert estimate_noise(logits, given).rate["value"] < 0.05


def test_labels_called_more_likely_wrong_than_right_mostly_are():
    logits, given, is_wrong = draw(2_000, 20, 0.1, sharpness=6.0)
    found = estimate_noise(logits, given)
    flagged = found.chances > 0.5
    assert is_wrong[flagged].mean() >= 0.8
    assert flagged[is_wrong].mean() >= 0.5
    assert abs(found.chances[flagged].mean() - is_wrong[flagged].mean()) < 0.1


def test_pairs_add_up_to_the_noise_and_find_the_labels_that_took_each_others_place():
    logits, given, _ = draw(3_000, 3, 0.0, sharpness=6.0)
    swapped = np.random.default_rng(1).random(3_000) < 0.3
    noisy = np.where(swapped & (given == 0), 1, given)
    found = estimate_noise(logits, noisy)
    pairs = {(given, true): share for given, true, share in found.pairs()}
    assert max(pairs, key=lambda pair: pairs[pair]["value"]) == (1, 0)
    counts = np.bincount(noisy)
    total = sum(counts[given] * share["value"] for (given, _), share in pairs.items()) / 3_000
    assert total == pytest.approx(found.chances.mean(), abs=1e-4)
    assert all(share["low"] <= share["value"] <= share["high"] for share in pairs.values())


def test_rows_that_stand_or_fall_together_make_the_interval_wider():
    logits, given, _ = draw(600, 2, 0.1)
    alone = estimate_noise(logits, given).rate
    together = estimate_noise(np.repeat(logits, 5, axis=0), np.repeat(given, 5), np.repeat(np.arange(600), 5)).rate
    apart = estimate_noise(np.repeat(logits, 5, axis=0), np.repeat(given, 5)).rate
    assert together == pytest.approx(alone, abs=0.01)
    assert apart["high"] - apart["low"] < alone["high"] - alone["low"]
