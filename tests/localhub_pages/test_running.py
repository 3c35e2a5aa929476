"""The text box of a model's page, with a model that counts vowels and with one of the factory's own."""

import json
import threading
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from factory.localhub.admin import add_user, import_folder
from factory.localhub.app import Hub
from factory.localhub.pages.running import Runner, Runtime
from factory.localhub.store import Store
from tests.localhub_pages.conftest import BROWSER, read_page


@pytest.fixture
def vowels():
    """A runtime whose models give each letter of their `letters.txt` its share in a text; it counts what it opened."""
    opened = []

    def open_model(folder):
        letters = (folder / "letters.txt").read_text()
        opened.append(letters)
        if not letters.isalpha():
            raise ValueError("these are no letters")
        return lambda text: [(letter, text.count(letter) / len(text)) for letter in letters]

    return SimpleNamespace(opened=opened, runtime=Runtime(lambda paths, kind: "letters.txt" in paths, open_model))


@pytest.fixture
def visit(tmp_path, vowels):
    """Get pages of a Hub with a model for each text of `letters`."""
    root = tmp_path / "hub"
    for number, letters in enumerate(("ab", "cd", "ef", "12")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "letters.txt").write_text(letters)
        import_folder(root, folder, f"local/m{number}")
    add_user(root, "local", token="hf_private")
    hub = Hub(Store(root), runtime=vowels.runtime)

    def get(path, **query):
        response = client.get(path, params=query, headers=BROWSER)
        return read_page(SimpleNamespace(status=response.status_code, headers=response.headers, body=response.content))

    client = TestClient(hub)
    yield get
    client.close()
    hub.close()
    hub.store.close()


def test_the_page_says_what_the_model_says(visit):
    page = visit("/local/m0", text="aab<")
    assert "Most likely: a" in page.text
    assert "a 50.0 % b 25.0 %" in page.text
    assert "aab&lt;</textarea>" in page.html


def test_before_a_text_there_is_a_box_and_no_answer(visit, vowels):
    page = visit("/local/m0")
    assert ("textarea", "text") in [(tag, attributes.get("name")) for tag, attributes in page.tags]
    assert ("label", "text") in [(tag, attributes.get("for")) for tag, attributes in page.tags]
    assert "Most likely" not in page.text
    assert vowels.opened == []


def test_the_two_models_used_last_stay_open(visit, vowels):
    for name in ("m0", "m1", "m0", "m2", "m0", "m1"):
        visit(f"/local/{name}", text="x")
    assert vowels.opened == ["ab", "cd", "ef", "cd"]


def test_trouble_is_told_and_nothing_made_up(visit):
    page = visit("/local/m3", text="x")
    assert "The model cannot say: these are no letters" in page.text
    assert "Most likely" not in page.text
    assert "at most 1000 characters here, this one 1001" in visit("/local/m0", text="a" * 1001).text


def test_one_too_many_is_told_to_come_back(tmp_path):
    gate, store = threading.Event(), Store(tmp_path / "store")
    runner = Runner(Runtime(lambda paths, kind: True, lambda folder: lambda text: gate.wait() and []), store.blobs)
    waiting = [threading.Thread(target=runner.run, args=("tree", {}, "x")) for _ in range(4)]
    for thread in waiting:
        thread.start()
    while runner._room._value:
        threading.Event().wait(0.01)
    assert "Others are waiting" in runner.run("tree", {}, "x").trouble
    gate.set()
    for thread in waiting:
        thread.join()
    runner.close()
    store.close()


def test_without_a_runtime_there_is_no_box(browse, release):
    assert "Try it" not in browse("/alice/stance-tiny").text


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """`factory hub serve` on a directory with a small model of the factory's own."""
    from factory.recipe_students import Static
    from factory.students.static import train_static
    from tests.localhub_pages.serving import serve_hub
    from tests.students.lessons import single_lesson
    from tests.tiny import tiny_base

    folder = tmp_path_factory.mktemp("served")
    base = tiny_base(folder / "base")
    (folder / "lesson").mkdir()
    student = Static(name="tiny", method="static", base_model="acme/tiny", max_length=16)
    train_static(single_lesson(student, folder / "lesson", base)).save(folder / "model")
    (folder / "model" / "README.md").write_text("---\npipeline_tag: text-classification\n---\n# Reviews\n")
    import_folder(folder / "hub", folder / "model", "local/reviews")
    (folder / "heavy").mkdir()
    (folder / "heavy" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (folder / "heavy" / "model.safetensors").write_bytes(b"weights")
    import_folder(folder / "hub", folder / "heavy", "local/heavy")
    with serve_hub(folder / "hub") as hub:
        yield hub


def test_factory_hub_serve_runs_the_models_of_the_factory(served):
    page = read_page(served.request("GET", "/local/reviews?text=the+soup+was+great", headers=BROWSER))
    assert "Most likely: yes" in page.text
    assert "no " in page.text


def test_what_needs_pytorch_has_no_box(served):
    assert "Try it" not in read_page(served.request("GET", "/local/heavy", headers=BROWSER)).text


def test_in_a_browser_one_types_and_reads_the_label(served):
    from tests.localhub_pages.test_browser import ARGUMENTS, CHROMIUM

    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        with browser.new_context(base_url=served.endpoint, java_script_enabled=False) as context:
            tab = context.new_page()
            tab.goto("/local/reviews")
            tab.get_by_label("A text to classify").fill("a poor book")
            tab.keyboard.press("Tab")
            tab.keyboard.press("Enter")
            tab.get_by_text("Most likely").wait_for()
            assert tab.get_by_role("table", name="Most likely: no").is_visible()
            assert tab.title().startswith("no · local/reviews")
            assert tab.get_by_label("A text to classify").input_value() == "a poor book"
        browser.close()
