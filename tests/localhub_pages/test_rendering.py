import json
import re
from itertools import pairwise

import pytest

from factory.localhub.pages.rendering import format_date, format_size
from tests.localhub_pages.conftest import BROWSER

PAGES = ["/", "/models", "/collections", "/alice", "/alice/stance-tiny", "/datasets/alice/stance", "/sign-in", "/none"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_what_it_does_not_need(browse, release, path):
    page = browse(path)
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy
    assert {policy[name] for name in ("style-src", "img-src", "form-action")} == {"'self'"}
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_scripts_styles_of_its_own_or_anything_from_elsewhere(browse, release, path):
    page = browse(path)
    assert not {tag for tag, _ in page.tags} & {"script", "style", "iframe", "object"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        if tag in ("img", "link"):
            assert (attributes.get("src") or attributes.get("href")).startswith("/")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_walked_by_ear(browse, release, path):
    page = browse(path)
    names = [tag for tag, _ in page.tags]
    assert {"header", "nav", "main", "footer"} <= set(names)
    assert names.count("h1") == 1
    assert page.links["Skip to content"] == "#content"
    labelled = {attributes["for"] for tag, attributes in page.tags if tag == "label"}
    fields = [a for tag, a in page.tags if tag == "input" and a.get("type") != "hidden"]
    assert {attributes["id"] for attributes in fields} <= labelled
    levels = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_clients_that_do_not_ask_for_a_page_get_what_they_did(hub, release):
    for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        assert hub.request("GET", "/", headers=accept).body.startswith(
            b"hf-factory Hub: HF_ENDPOINT=http://127.0.0.1:"
        )
        plain = hub.request("GET", "/datasets/alice/stance", headers=accept)
        assert plain.body.decode().endswith("/api/datasets/alice/stance\n")
        missing = hub.request("GET", "/alice/none", headers=accept)
        assert (missing.status, missing.json()) == (404, {"error": "Repository not found"})
        assert missing.headers["x-error-code"] == "RepoNotFound"
    assert hub.request("HEAD", f"/collections/{release.collection}").status == 200


def test_the_api_answers_browsers_as_it_answers_clients(hub):
    missing = hub.request("GET", "/api/models/alice/none", headers=BROWSER)
    assert json.loads(missing.body) == {"error": "Repository not found"}


def test_a_missing_file_of_a_download_link_is_a_page_for_browsers(hub, browse, release):
    assert "Not found" in browse("/alice/stance-tiny/resolve/main/none").text
    assert hub.request("GET", "/alice/stance-tiny/resolve/main/none").json()["error"] == "Entry not found: none"


def test_the_look_is_served_and_nothing_beside_it(hub):
    assert hub.request("GET", "/static/style.css").headers["content-type"].startswith("text/css")
    assert hub.request("GET", "/static/icon.svg").headers["content-type"] == "image/svg+xml"
    for name in ("base.html", "..%2F__init__.py", "rendering.py"):
        assert hub.request("GET", f"/static/{name}").status == 404


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_contrasts_with_every_ground_in_light_and_dark(hub, scheme):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    style = hub.request("GET", "/static/style.css").body.decode()
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]))
    pairs = [(text, ground) for text in ("text", "muted", "accent") for ground in ("page", "panel", "sunken")]
    for text, ground in [*pairs, ("warn", "page"), ("text", "accent-soft"), ("muted", "accent-soft")]:
        dark, light = sorted((luminance(colors[text]), luminance(colors[ground])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (90_865_152, "90.9 MB"), (999_950_000, "1.0 GB"), (4e12, "4.0 TB")],
)
def test_sizes_are_short(size, text):
    assert format_size(int(size)) == text


def test_dates_are_written_out():
    assert format_date("2026-03-07T23:59:59.000Z") == "7 Mar 2026"
