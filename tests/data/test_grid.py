"""The grid asks for every label equally often, in circumstances that do not tell the labels apart."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.data.grid import plan_orders
from factory.recipe import Generate

LABELS = ["agree", "neutral", "disagree"]
GRID = {"outlet": ["paper", "radio"], "tone": ["dry", "angry", "ironic"]}


def rows_by_label(orders):
    counts = Counter()
    for order in orders:
        counts[order.label] += order.count
    return counts


@given(rows=st.integers(1, 300), rows_per_call=st.integers(1, 50), classes=st.integers(2, 9))
def test_the_rows_asked_for_are_shared_evenly(rows, rows_per_call, classes):
    labels = [f"label {number}" for number in range(classes)]
    orders = plan_orders(labels, Generate(rows=rows, rows_per_call=rows_per_call, attributes=GRID))
    counts = rows_by_label(orders)
    assert counts.total() == rows
    assert max(counts.values()) - min(counts[label] for label in labels) <= 1
    assert all(1 <= order.count <= rows_per_call for order in orders)


def test_every_label_gets_every_cell_once_before_any_cell_comes_again():
    orders = plan_orders(LABELS, Generate(rows=3 * 6, rows_per_call=1, attributes=GRID))
    cells = Counter((order.label, *order.attributes.values()) for order in orders)
    assert len(cells) == 18
    assert set(cells.values()) == {1}


def test_a_used_up_grid_starts_afresh_in_another_order():
    orders = plan_orders(["a", "b"], Generate(rows=2 * 12, rows_per_call=1, attributes=GRID))
    cells = [tuple(order.attributes.values()) for order in orders if order.label == "a"]
    assert sorted(cells[:6]) == sorted(cells[6:])
    assert cells[:6] != cells[6:]


def test_circumstances_do_not_tell_which_label_was_asked_for():
    orders = plan_orders(LABELS, Generate(rows=30, rows_per_call=5, attributes=GRID))
    by_label = {label: [order.attributes for order in orders if order.label == label] for label in LABELS}
    assert by_label["agree"] == by_label["neutral"] == by_label["disagree"]


def test_the_order_of_labels_and_attributes_does_not_matter():
    generate = Generate(rows=20, attributes=GRID)
    turned = Generate(rows=20, attributes=dict(reversed(GRID.items())))
    assert plan_orders(LABELS, generate) == plan_orders(LABELS[::-1], turned)


def test_another_seed_draws_other_cells():
    drawn = [plan_orders(LABELS, Generate(rows=9, attributes=GRID, seed=seed)) for seed in range(5)]
    assert any(orders != drawn[0] for orders in drawn)


def test_without_attributes_only_labels_are_asked_for():
    orders = plan_orders(["a", "b"], Generate(rows=12, rows_per_call=5))
    assert [(order.label, order.count) for order in orders] == [("a", 5), ("b", 5), ("a", 1), ("b", 1)]
    assert all(order.attributes == {} for order in orders)


@pytest.mark.parametrize("names", [5, 40])
def test_a_grid_too_large_to_list_is_drawn_from_all_the_same(names):
    attributes = {f"attribute {number}": [str(value) for value in range(100)] for number in range(names)}
    orders = plan_orders(["a", "b"], Generate(rows=100, rows_per_call=1, attributes=attributes))
    assert len({tuple(order.attributes.values()) for order in orders}) == 50


PERSONAS = ["a nurse", "a farmer", "a student"]


def test_all_personas_come_before_one_comes_again_and_do_not_tell_the_label():
    orders = plan_orders(LABELS, Generate(rows=3 * 7, rows_per_call=1, personas=PERSONAS))
    agree, neutral = ([order.persona for order in orders if order.label == label] for label in LABELS[:2])
    assert sorted(agree[:3]) == sorted(agree[3:6]) == sorted(PERSONAS)
    assert agree == neutral
    assert plan_orders(LABELS, Generate(rows=9, personas=PERSONAS, seed=1)) != plan_orders(
        LABELS, Generate(rows=9, personas=PERSONAS, seed=2)
    )


@pytest.mark.parametrize(("share", "expected"), [(0, 0), (0.1, 1), (0.2, 2), (0.25, 2), (0.5, 5), (1, 10)])
def test_a_share_of_the_calls_of_each_label_is_for_borderline_texts(share, expected):
    orders = plan_orders(LABELS, Generate(rows=30, rows_per_call=1, borderline=share))
    assert all(order.taken_for != order.label for order in orders)
    counts = Counter(order.label for order in orders if order.taken_for)
    assert counts == Counter(dict.fromkeys(LABELS, expected)) - Counter()


def test_borderline_texts_are_near_to_each_other_label_in_turn():
    orders = plan_orders(LABELS, Generate(rows=30, rows_per_call=1, borderline=0.4))
    pairs = Counter((order.label, order.taken_for) for order in orders if order.taken_for)
    assert len(pairs) == 6
    assert set(pairs.values()) == {2}


def test_pairs_that_are_named_take_turns_in_place_of_an_even_share_of_every_label():
    pairs = [("agree", "neutral"), ("neutral", None)]
    orders = plan_orders(LABELS, Generate(rows=12, rows_per_call=5, between=pairs, attributes=GRID))
    assert [(order.label, order.taken_for, order.count) for order in orders] == [
        ("agree", "neutral", 5),
        ("neutral", None, 5),
        ("agree", "neutral", 2),
    ]
    assert len({tuple(order.attributes.values()) for order in orders}) == 3


def test_the_temperature_goes_in_even_steps_from_the_first_call_of_a_label_to_the_last():
    orders = plan_orders(["a", "b"], Generate(rows=6, rows_per_call=1, temperature=(0.7, 1.2)))
    assert [order.temperature for order in orders] == [0.7, 0.7, 0.95, 0.95, 1.2, 1.2]
    assert {order.temperature for order in plan_orders(["a", "b"], Generate(rows=2, temperature=(0.7, 1)))} == {0.7}
