"""The app with a model of label sets and with one of pairs, read from the disk and looked at in a real browser."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.hub.releases import TEXTS, write_model, write_space
from tests.spaces.test_app import _free_port, _wait_until_open, browser

__all__ = ["browser"]
APP = "import os, sys; from pathlib import Path; from factory.hub.demo import run_app\n"
APP += "run_app(Path(sys.argv[1]), int(sys.argv[2]), dict(os.environ))"


@contextmanager
def run(folder, config, **demo):
    """Run the app with additions to the configuration of its model and to its demo.json; gives its address."""
    write_model(folder / "model", "0123456789ab")
    write_space(folder / "space", "reviews", "tiny", "0123456789ab")
    for path, added in {folder / "model" / "config.json": config, folder / "space" / "demo.json": demo}.items():
        path.write_text(json.dumps(json.loads(path.read_text()) | added))
    port, environment = _free_port(), {**os.environ, "MODEL": str(folder / "model")}
    command = [sys.executable, "-c", APP, str(folder / "space" / "demo.json"), str(port)]
    with subprocess.Popen(command, env=environment, start_new_session=True) as app:
        try:
            _wait_until_open(app, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(app.pid, signal.SIGINT)


def test_a_visitor_sees_which_labels_apply_and_from_where_on(browser, tmp_path):
    thresholds = {"good": 0.0, "bad": 1.0}
    with run(tmp_path, {"problem_type": "multi_label_classification"}, thresholds=thresholds) as address:
        page = browser.new_page()
        page.goto(address)
        page.get_by_text("(from 1.00 on)").wait_for()
        page.get_by_label("What does the text say?").fill("what a wonderful dinner")
        page.get_by_role("button", name="Classify").click()
        page.wait_for_function("[...document.querySelectorAll('textarea, input')].some(box => box.value === 'good')")
        assert len(page.locator(".confidence-set").all()) == 2
        page.close()


def test_a_visitor_types_both_texts_of_a_pair(browser, tmp_path):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    boxes = ["A review of a shop", "What the shop answers"]
    examples = [[TEXTS[0], TEXTS[1]], [TEXTS[2], TEXTS[3]]]
    with run(tmp_path, {}, boxes=boxes, examples=examples) as address:
        page = browser.new_page()
        page.goto(address)
        for box, text in zip(boxes, TEXTS, strict=False):
            page.get_by_label(box).fill(text)
        page.get_by_role("button", name="Classify").click()
        page.get_by_test_id("label-output-value").wait_for()
        page.close()
        client = Client(address, verbose=False, analytics_enabled=False)
        answers = [client.predict("late", text_pair, api_name="/classify") for text_pair in TEXTS[:2]]
        assert answers[0] != answers[1]
        with pytest.raises(AppError, match="Both texts are needed"):
            client.predict("late", " ", api_name="/classify")
