"""The service over real HTTP: its answers, what it refuses, and that it stays up while it works."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from factory.serving.limits import MAX_BODY_BYTES
from factory.serving.schemas import MAX_CHARACTERS, MAX_TEXTS
from factory.serving.served import Served
from factory.students.classifier import Classifier
from factory.students.loading import load
from tests.serving.conftest import LABELS, Gate, serving

TEXTS = ["the soup was great", "a terrible movie", "", "climate change is a hoax", "né à 東京 🎈", "soup " * 900]


def ask(client, body):
    return client.post("/classify", json=body)


def count(client, name, **labels):
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


def test_texts_get_the_answers_of_load_to_the_last_digit(client, model):
    expected = load(str(model))(TEXTS)
    assert len({answer["label"] for answer in expected}) > 1
    assert ask(client, {"texts": TEXTS}).json() == expected
    assert ask(client, {"texts": TEXTS}).json() == expected


def test_one_text_gets_a_list_of_one_answer(client, model):
    assert ask(client, {"text": TEXTS[0]}).json() == load(str(model))(TEXTS[0])


def test_no_texts_get_no_answers(client):
    assert ask(client, {"texts": []}).json() == []


@pytest.mark.parametrize(("top_k", "most"), [(1, 1), (2, 2), (9, 3), ("all", 3)])
def test_top_k_gives_so_many_labels_the_most_likely_first(client, model, top_k, most):
    (row,) = load(str(model)).scores(TEXTS[:1])
    (answer,) = ask(client, {"text": TEXTS[0], "top_k": top_k}).json()
    ranked = sorted(zip(LABELS, row.tolist(), strict=True), key=lambda pair: -pair[1])
    assert [(entry["label"], entry["score"]) for entry in answer] == ranked[:most]


def test_pairs_are_read_together_and_several_labels_come_as_a_list(pairs):
    both = {"text": "soup and pizza", "text_pair": "pizza, then soup"}
    neither = {"text": "soup", "text_pair": "pizza"}
    answers = ask(pairs, {"texts": [both, neither]}).json()
    assert answers == [[{"label": "soup", "score": 1.0}, {"label": "pizza", "score": 1.0}], []]
    assert ask(pairs, {"text": neither}).json() == [[]]


def test_a_text_where_pairs_are_read_is_refused_and_the_other_way_round():
    def score(texts):
        return np.ones((len(texts), 1), np.float32)

    pair, alone = {"text": "a", "text_pair": "b"}, "soup"
    for reads_pairs, good, bad in ((True, pair, alone), (False, alone, pair)):
        with serving(Served(Classifier(["yes"], score, reads_pairs=reads_pairs), "acme/one")) as client:
            refused = ask(client, {"texts": [good, bad]})
        assert (refused.status_code, refused.json()["error"][:7]) == (422, "text 2 ")


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", 422, "the body: Field required"),
        (b"{", 400, "the body is no JSON: "),
        (b'{"text": "\xff"}', 400, "parsing the body"),
        (b"[" * 200_000, 400, "parsing the body"),
        (b"null", 422, "the body: Input should be"),
        (b"[]", 422, "the body: "),
        (b"{}", 422, "the body: give either text or texts"),
        (b'{"text": "a", "texts": ["b"]}', 422, "the body: give either text or texts"),
        (b'{"texts": "a"}', 422, "texts: Input should be a valid list"),
        (b'{"texts": [1]}', 422, "texts.0: Input should be a valid string"),
        (b'{"texts": ["a", null]}', 422, "texts.1: Input should be a valid string"),
        (b'{"texts": [{"text": "a"}]}', 422, "texts.0.text_pair: Field required"),
        (rb'{"text": "half a pair \ud800"}', 422, "text: "),
        (b'{"text": "a", "topk": 1}', 422, "topk: Extra inputs are not permitted"),
        (b'{"text": "a", "top_k": 0}', 422, "top_k"),
        (
            json.dumps({"texts": ["a"] * (MAX_TEXTS + 1)}).encode(),
            422,
            f"texts: List should have at most {MAX_TEXTS} ",
        ),
        (json.dumps({"text": "a" * (MAX_CHARACTERS + 1)}).encode(), 422, f"at most {MAX_CHARACTERS} characters"),
    ],
)
def test_a_body_that_is_no_question_is_refused_in_one_sentence(client, body, status, sentence):
    refused = client.post("/classify", content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == status
    assert list(refused.json()) == ["error"]
    assert sentence in refused.json()["error"]
    assert "\n" not in refused.json()["error"]


def test_as_many_texts_and_characters_as_may_are_answered(client):
    assert len(ask(client, {"texts": ["a"] * MAX_TEXTS}).json()) == MAX_TEXTS
    assert ask(client, {"text": "a" * MAX_CHARACTERS}).status_code == 200


def test_a_form_is_no_question(client):
    assert client.post("/classify", data={"text": "a"}).status_code == 422


def test_a_body_that_says_it_is_too_large_is_refused(client):
    refused = client.post("/classify", content=b" " * (MAX_BODY_BYTES + 1))
    assert refused.status_code == 413
    assert refused.json()["error"].startswith(f"the body has more than {MAX_BODY_BYTES} bytes")


def test_a_body_of_no_stated_length_is_cut_off_while_it_comes(client):
    sent = []

    def chunks():
        while len(sent) < 1000:
            sent.append(b" " * 2**16)
            yield sent[-1]

    refused = client.post("/classify", content=chunks(), headers={"Content-Type": "application/json"})
    assert refused.status_code == 413
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/classify", 405)])
def test_other_paths_and_methods_are_refused_alike(client, method, path, status):
    refused = client.request(method, path)
    assert (refused.status_code, list(refused.json())) == (status, ["error"])


def test_health_says_which_model_answers(client, model):
    expected = {"status": "ready", "model": str(model), "revision": None, "commit": None, "labels": list(LABELS)}
    assert client.get("/health").json() == expected


def test_requests_texts_and_sizes_are_counted(client):
    answered = {"path": "/classify", "status": "200"}
    names = ("factory_texts_total", "factory_texts_per_request_sum", "factory_texts_per_request_count")
    before = [count(client, name) for name in names]
    good, bad = (count(client, "factory_requests_total", **(answered | {"status": s})) for s in ("200", "422"))
    timed = count(client, "factory_request_seconds_count", path="/classify")
    ask(client, {"texts": ["a", "b", "c"]})
    ask(client, {"texts": 1})
    assert [count(client, name) - old for name, old in zip(names, before, strict=True)] == [3, 3, 1]
    assert count(client, "factory_requests_total", **answered) == good + 1
    assert count(client, "factory_requests_total", path="/classify", status="422") == bad + 1
    assert count(client, "factory_request_seconds_count", path="/classify") == timed + 2
    assert count(client, "factory_requests_under_way") == 0


def test_made_up_paths_are_one_series(client):
    before = count(client, "factory_requests_total", path="other", status="404")
    for number in range(3):
        client.get(f"/made-up-{number}")
    assert count(client, "factory_requests_total", path="other", status="404") == before + 3
    assert "made-up" not in client.get("/metrics").text


def test_the_description_states_the_limits(client):
    described = client.get("/openapi.json").json()
    question = described["components"]["schemas"]["Question"]["properties"]
    assert f'"maxItems": {MAX_TEXTS}' in json.dumps(question["texts"])
    assert f'"maxLength": {MAX_CHARACTERS}' in json.dumps(question["texts"])
    assert {"200", "400", "413", "422", "503"} <= set(described["paths"]["/classify"]["post"]["responses"])


def test_the_pages_for_people_load_nothing_from_elsewhere(client):
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"https?://|src=|@import|url\(", page.text)
    for path in re.findall(r'href="([^"]+)"', page.text):
        assert client.get(f"/{path}").status_code == 200
    assert client.get("/redoc").status_code == 404


def test_many_at_once_each_get_their_own_answer(client, model):
    texts = [f"the soup number {number} was {word}" for number in range(20) for word in ("great", "awful")]
    expected = load(str(model))(texts)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda text: ask(client, {"text": text}).json()[0], texts))
    assert answers == expected


def test_health_answers_while_texts_are_read_and_a_full_queue_refuses_at_once():
    gate = Gate()
    with serving(Served(gate.model, "acme/slow"), threads=1, max_waiting=2) as client, ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(ask, client, {"text": "a"}) for _ in range(3)]
        assert gate.entered.acquire(timeout=30)
        while count(client, "factory_requests_under_way") < 3:
            threading.Event().wait(0.01)
        assert client.get("/health").json()["status"] == "ready"
        refused = ask(client, {"text": "a"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["error"].startswith("3 requests are under way")
        gate.opened.set()
        assert [reply.result().status_code for reply in asked] == [200] * 3
        assert ask(client, {"text": "a"}).status_code == 200
