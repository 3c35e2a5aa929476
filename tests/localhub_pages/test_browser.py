"""The pages in a real browser."""

import shutil
from pathlib import Path

import pytest

from tests.localhub_pages.conftest import push

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
HOSTILE = """---
license: mit
---
# Hostile

<script>document.title = "owned"</script>
<img src="missing.png" onerror="document.title = 'owned'">
<iframe srcdoc="<script>parent.document.title = 'owned'</script>"></iframe>
<style>h1 { display: none }</style>
<p id="after" style="position:fixed;inset:0" onmouseover="document.title = 'owned'">after</p>

[click](javascript:document.title='owned') <a href="javascript:document.title='owned'">link</a>
![pixel](https://pixel.example/p.png)
"""
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield opened
        opened.close()


@pytest.fixture
def tab(hub, browser):
    """A tab that remembers what it asked for and what it complained about."""
    with browser.new_context(base_url=hub.endpoint) as context:
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.set_default_timeout(10_000)
        yield page


def test_one_finds_a_model_and_reads_its_card(hub, tab, release):
    tab.goto("/")
    tab.get_by_role("searchbox").fill("stance-tiny")
    tab.get_by_role("button", name="Search").click()
    tab.get_by_role("link", name="alice/stance-tiny").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "alice/stance-tiny"
    assert tab.get_by_role("article", name="Card").get_by_role("heading", name="Stance").is_visible()
    assert tab.complaints == []
    assert all(url.startswith(hub.endpoint) for url in tab.asked)


def test_one_leafs_through_a_dataset(tab, release):
    tab.goto("/datasets/alice/stance")
    assert tab.get_by_role("cell", name="text 0", exact=True).is_visible()
    tab.get_by_role("link", name="Next").click()
    assert tab.get_by_role("cell", name="text 20", exact=True).is_visible()
    tab.get_by_role("link", name="test", exact=True).click()
    assert tab.get_by_role("cell", name="text 45", exact=True).is_visible()


def test_one_signs_in_and_out_and_sees_the_private_in_between(hub, tab):
    name = hub.repo(private=True)
    tab.goto(f"/{name}")
    tab.get_by_role("link", name="Sign in").click()
    tab.get_by_label("Token").fill(hub.tokens["alice"])
    tab.get_by_role("main").get_by_role("button", name="Sign in").click()
    assert tab.get_by_role("heading", level=1).inner_text().startswith(name)
    tab.get_by_role("button", name="Sign out").click()
    assert tab.goto(f"/{name}").status == 404


def test_one_downloads_a_file_from_the_list(tab, release, tmp_path):
    tab.goto("/alice/stance-tiny/tree/main")
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download model.safetensors").click()
    download.value.save_as(tmp_path / "file")
    assert Path(tmp_path, "file").read_bytes() == bytes(range(256)) * 10


def test_a_hostile_card_does_nothing(hub, tab):
    name = hub.repo()
    push(hub.api(), name, "model", {"README.md": HOSTILE})
    tab.goto(f"/{name}")
    tab.get_by_text("after").hover()
    tab.get_by_text("link", exact=True).click()
    tab.wait_for_load_state("networkidle")
    assert tab.title().startswith(name)
    assert tab.get_by_role("heading", level=1).is_visible()
    assert tab.locator("iframe").count() == 0
    assert tab.locator("article").get_by_text("after").evaluate("e => getComputedStyle(e).position") == "static"
    assert all(url.startswith(hub.endpoint) for url in tab.asked)


def test_the_policy_stops_a_script_that_got_into_a_page(tab, release):
    tab.goto("/alice/stance-tiny")
    ran = tab.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = true';"
        " document.body.append(s); return window.ran === true }"
    )
    assert not ran


def test_dark_follows_the_system(hub, browser, release):
    grounds = {}
    for scheme in ("light", "dark"):
        with browser.new_context(base_url=hub.endpoint, color_scheme=scheme) as context:
            page = context.new_page()
            page.goto("/alice/stance-tiny")
            grounds[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert grounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 19, 17)"}


def test_a_keyboard_reaches_the_content_first(tab, release):
    tab.goto("/alice/stance-tiny")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to content"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize(
    "path",
    ["/", *("/alice/stance-tiny" + rest for rest in ("", "/tree/main", "/commit/main")), "/datasets/alice/stance"],
)
def test_a_phone_needs_no_sideways_scrolling(hub, browser, release, path):
    with browser.new_context(base_url=hub.endpoint, viewport={"width": 360, "height": 700}) as context:
        page = context.new_page()
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
