"""The app of every Space, run from a published release and looked at in a real browser."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from importlib.metadata import version
from shutil import which

import pytest

from factory.hub.demo import find_app
from factory.hub.embedded import Access, embedded_hub
from factory.hub.push import push_release
from factory.hub.target import Target
from tests.hub.releases import LABELS, RELEASE, TEXTS, write_release

CHROMIUM = which("chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
DEMO = "import sys; from factory.hub.demo import run_demo; run_demo('local/reviews', int(sys.argv[1]))"


@pytest.fixture(scope="module")
def page_address(tmp_path_factory):
    """The address of `factory demo local/reviews`, for a release on a Hub of its own; and the Hub's."""
    folder = tmp_path_factory.mktemp("space")
    repos = write_release(folder / "release")
    with embedded_hub(folder / "hub") as access:
        target = Target.at(Access(access.endpoint, access.token))
        push_release(folder / "release", repos, f"release-{RELEASE}", private=False, target=target)
        port = _free_port()
        environment = {**target.environment(), "HF_HOME": str(folder / "hf-home")}
        with subprocess.Popen(
            [sys.executable, "-c", DEMO, str(port)], env=environment, start_new_session=True
        ) as demo:
            _wait_until_open(demo, port)
            yield f"http://127.0.0.1:{port}", access.endpoint
            os.killpg(demo.pid, signal.SIGINT)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)) as b,
    ):
        yield b


def test_a_visitor_types_a_text_and_sees_how_sure_the_model_is_of_each_label(browser, page_address, tmp_path):
    address, _ = page_address
    page, asked = browser.new_page(viewport={"width": 1100, "height": 900}), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.get_by_label("What does the text say?").fill("what a wonderful dinner")
    page.get_by_role("button", name="Classify").click()
    answer = page.get_by_test_id("label-output-value")
    answer.wait_for()
    assert answer.inner_text().strip() in LABELS
    bars = page.locator(".confidence-set").all_inner_texts()
    assert sorted(bar.split()[0] for bar in bars) == sorted(LABELS)
    page.screenshot(path=tmp_path / "space.png", full_page=True)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    page.close()


def test_the_page_says_what_the_labels_mean_how_well_the_model_does_and_where_it_is(browser, page_address):
    address, hub = page_address
    page = browser.new_page()
    page.goto(address)
    page.get_by_text("It praises | thanks.").wait_for()
    assert page.get_by_text("Macro F1 on gold").is_visible()
    assert page.get_by_text("Gold labelled by nobody.").is_visible()
    links = {link.inner_text(): link.get_attribute("href") for link in page.locator(".prose a").all()}
    assert links == {
        "local/reviews-tiny": f"{hub}/local/reviews-tiny",
        "local/reviews": f"{hub}/datasets/local/reviews",
    }
    page.close()


def test_an_example_fills_the_text_and_an_empty_text_is_asked_for(browser, page_address):
    page = browser.new_page()
    page.goto(page_address[0])
    page.get_by_role("button", name="Classify").click()
    page.get_by_text("There is no text yet").wait_for()
    page.get_by_role("button", name=TEXTS[1]).click()
    page.wait_for_function("text => document.querySelector('textarea').value === text", arg=TEXTS[1])
    page.close()


@pytest.mark.parametrize(
    "text", ["the train was late", "word " * 2_000, "\N{PILE OF POO}\u202e <script>alert(1)</script>"]
)
def test_a_client_gets_a_confidence_for_every_label(page_address, text):
    from gradio_client import Client

    client = Client(page_address[0], verbose=False, analytics_enabled=False)
    answer = client.predict(text, api_name="/classify")
    assert sorted(item["label"] for item in answer["confidences"]) == sorted(LABELS)
    assert sum(item["confidence"] for item in answer["confidences"]) == pytest.approx(1, abs=1e-4)


def test_a_client_is_told_that_an_empty_text_has_no_label(page_address):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(page_address[0], verbose=False, analytics_enabled=False)
    with pytest.raises(AppError, match="There is no text yet"):
        client.predict(" \n", api_name="/classify")


def test_the_app_is_tested_with_the_versions_that_it_asks_for():
    lines = find_app().with_name("requirements.txt").read_text().split()
    pinned = dict(line.split("==") for line in lines)
    assert {name: version(re.sub(r"\[.*", "", name)).split("+")[0] for name in pinned} == pinned


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_until_open(process, port):
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"the demo ended with code {process.returncode}")
