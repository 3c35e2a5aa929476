from __future__ import annotations

import json
import math

import pytest

from factory.teacher.logprobs import read_probabilities

HEAD = ('{"label": "', {'{"label": "': 1.0})
END = ('"}', {'"}': 1.0})


def body(*steps):
    content = [
        {
            "token": given,
            "logprob": math.log(shares.get(given, 1.0)),
            "top_logprobs": [{"token": token, "logprob": math.log(share)} for token, share in shares.items()],
        }
        for given, shares in steps
    ]
    text = "".join(given for given, _ in steps)
    return json.dumps({"choices": [{"message": {"content": text}, "logprobs": {"content": content}}]})


def test_each_label_has_the_probability_of_the_token_that_begins_it():
    said = body(HEAD, ("spam", {"spam": 0.7, "ham": 0.2, "eggs": 0.1}), END)
    assert read_probabilities(said, ["ham", "spam"]) == {"ham": 0.2, "spam": 0.7}


def test_a_beginning_that_labels_share_is_followed_and_its_probabilities_multiplied():
    steps = [("not", {"not": 0.8, "sure": 0.2}), (" sp", {" sp": 0.5, " h": 0.25, "hing": 0.25}), ("am", {"am": 1.0})]
    shares = read_probabilities(body(HEAD, *steps, END), ["not spam", "not ham", "sure"])
    assert shares == {"not spam": 0.4, "not ham": 0.2, "sure": 0.2}


def test_a_shared_beginning_that_was_not_followed_goes_to_nobody():
    said = body(HEAD, ("ham", {"ham": 0.6, "sp": 0.4}), END)
    assert read_probabilities(said, ["ham", "spam", "spark"]) == {"ham": 0.6, "spam": 0.0, "spark": 0.0}


def test_a_label_that_begins_another_is_told_by_its_closing_quote():
    said = body(HEAD, ("spam", {"spam": 1.0}), ('"}', {'"}': 0.75, " x": 0.25}))
    assert read_probabilities(said, ["spam", "spam x"]) == {"spam": 0.75, "spam x": 0.25}


def test_tokens_need_not_begin_where_the_label_does():
    said = body(
        ('{"label":', {'{"label":': 1.0}), (' "sp', {' "sp': 0.9, ' "h': 0.05, " {": 0.05}), ("am", {"am": 1.0})
    )
    assert read_probabilities(said, ["ham", "spam"]) == {"ham": 0.05, "spam": 0.9}


def test_a_letter_that_may_begin_any_word_does_not_count_beside_a_longer_token():
    shares = {"exchange": 0.5, "e": 0.3, "top": 0.1, 'top"': 0.05, "t": 0.05}
    assert read_probabilities(body(HEAD, ("exchange", shares), (" rate", {})), ["exchange rate", "top"]) == {
        "exchange rate": 0.5,
        "top": 0.15,
    }


def test_other_case_is_the_same_label():
    said = body(HEAD, ("Spam", {"Spam": 0.5, "spam": 0.25, "ham": 0.25}), END)
    assert read_probabilities(said, ["ham", "spam"]) == {"ham": 0.25, "spam": 0.75}


def test_the_label_after_a_reason_is_meant_whatever_the_reason_quotes():
    reason = ('{"reason": "not \\"label\\": \\"ham\\"", ', {})
    said = body(reason, ('"label": "', {}), ("spam", {"spam": 0.9, "ham": 0.1}), END)
    assert read_probabilities(said, ["ham", "spam"]) == {"ham": 0.1, "spam": 0.9}


@pytest.mark.parametrize(
    "said",
    [
        "{}",
        "no JSON",
        json.dumps({"choices": [{"message": {"content": '{"label": "ham"}'}, "logprobs": None}]}),
        json.dumps({"choices": [{"logprobs": {"content": [{"token": "ham", "logprob": "x"}]}}]}),
        body(("ham", {"ham": 1.0})),
        body(HEAD, ("eggs", {"eggs": 1.0}), END),
    ],
)
def test_what_tells_nothing_of_a_label_gives_no_probabilities(said):
    assert read_probabilities(said, ["ham", "spam"]) is None
