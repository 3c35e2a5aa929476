"""A Hub with published models on it, and two places where JavaScript runs: Node and a page in Chromium."""

import json
import shutil
import subprocess
import threading
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from factory.hub.embedded import embedded_hub
from tests.clients.models import read_answers, run_factory, write_recipe, write_topics
from tests.scripted_teacher import ScriptedTeacher, labels_by
from tests.tiny import tiny_base

CLIENTS = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"


@dataclass(frozen=True)
class Published:
    """Where the models are: `spam` came from a recipe, `topics` has labels that do not exclude each other."""

    endpoint: str
    token: str
    spam: str = "local/spam-tiny"
    topics: str = "local/topics-tiny"
    private: str = "local/topics-private"


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    folder, answers = tmp_path_factory.mktemp("published"), read_answers()
    with ScriptedTeacher(labels_by(answers.get)) as teacher:
        recipe = write_recipe(folder / "recipe", answers, teacher.base_url)
        run_factory(folder, "hub", "import", tiny_base(folder / "base"), "tests/tiny")
        run_factory(folder, "publish", recipe)
    topics = write_topics(folder / "topics")
    with embedded_hub(folder / "home" / "hub") as access:
        api, there = HfApi(endpoint=access.endpoint, token=access.token), Published(access.endpoint, access.token)
        for name, visibility in {there.topics: "public", there.private: "private"}.items():
            api.create_repo(name, visibility=visibility)
            api.upload_folder(repo_id=name, folder_path=topics)
        yield there


@pytest.fixture
def node(tmp_path):
    """Call a function of label.mjs or hub.mjs in a Node of its own."""

    def call(name, **argument):
        command = ["node", "run.mjs", name]
        argument = json.dumps({"cache": str(tmp_path / "cache"), **argument})
        done = subprocess.run(command, cwd=CLIENTS, input=argument, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


@pytest.fixture(scope="session")
def site():
    """This folder, npm packages included, on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *said):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=CLIENTS)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield opened
        opened.close()


@pytest.fixture
def page(chromium, site, published):
    """Call the same functions in a page, which asks nobody but its own server and the Hub for anything."""
    with chromium.new_context() as context:
        tab, asked = context.new_page(), []
        tab.on("request", lambda request: asked.append(request.url))
        tab.set_default_timeout(60_000)
        tab.goto(f"{site}/page.html")
        tab.get_by_text("ready").wait_for()
        yield lambda name, **argument: tab.evaluate(f"argument => {name}(argument)", argument)
        elsewhere = [url for url in asked if not url.startswith((site, published.endpoint, "blob:", "data:"))]
    assert elsewhere == []
