import pytest

from tests.localhub_pages.conftest import push


def test_a_folder_lists_sizes_downloads_and_last_changes(browse, release):
    page = browse("/alice/stance-tiny/tree/main")
    assert page.links["Download model.safetensors"] == "/alice/stance-tiny/resolve/main/model.safetensors"
    assert page.links["plots"] == "/alice/stance-tiny/tree/main/plots"
    assert "model.safetensors 2.6 kB Download model.safetensors Publish" in page.text
    assert "plots Add a plot" in page.text


def test_a_download_link_gives_the_files_bytes(hub, browse, release):
    target = browse("/alice/stance-tiny/tree/main").links["Download model.safetensors"]
    assert hub.request("GET", target).body == bytes(range(256)) * 10


def test_odd_names_are_quoted_in_links(hub, browse, release):
    page = browse("/alice/stance-tiny/tree/main/plots")
    assert page.links["a b#.txt"] == "/alice/stance-tiny/blob/main/plots/a%20b%23.txt"
    assert browse(page.links["a b#.txt"]).status == 200


def test_a_text_is_shown_line_by_line_and_escaped(browse, release):
    page = browse("/alice/stance-tiny/blob/main/plots/a%20b%23.txt")
    assert "2 lines" in page.text
    assert "one <two>" in page.text
    assert "two" not in {tag for tag, _ in page.tags}


def test_what_is_no_text_is_described_and_not_shown(browse, release):
    page = browse("/alice/stance-tiny/blob/main/model.safetensors")
    assert "Not a text" in page.text
    assert "SHA-256" in page.text


def test_a_long_text_is_not_shown(hub, browse):
    name = hub.repo()
    push(hub.api(), name, "model", {"long.txt": "a line\n" * 100_000})
    assert "Too long to show" in browse(f"/{name}/blob/main/long.txt").text


def test_a_picture_is_shown_from_the_repository(hub, browse):
    name = hub.repo()
    push(hub.api(), name, "model", {"a.png": b"\x89PNG\r\n\x1a\n"})
    assert browse(f"/{name}/blob/main/a.png").pictures == [f"/{name}/resolve/main/a.png"]


def test_history_is_listed_newest_first_and_leads_to_its_files(browse, release):
    page = browse("/alice/stance-tiny/commits/main")
    titles = [title for title in ("Add a plot", "Publish", "initial commit") if title in page.text]
    assert sorted(titles, key=page.text.index) == ["Add a plot", "Publish", "initial commit"]
    oldest = [target for text, target in page.links.items() if text.startswith("Files of commit")][-1]
    assert "model.safetensors" not in browse(oldest).text


def test_another_revision_is_a_link_away(hub, browse, release):
    name = hub.repo()
    hub.api().create_branch(name, branch="try/it")
    page = browse(f"/{name}/tree/main")
    assert page.links["try/it"] == f"/{name}/tree/try%2Fit"
    assert browse(page.links["try/it"]).status == 200
    assert browse("/alice/stance-tiny/tree/release-1").status == 200


@pytest.mark.parametrize("path", ["tree/none", "tree/main/none", "blob/main/none", "blob/main/plots", "commits/none"])
def test_what_is_not_there_is_a_page_that_says_so(browse, release, path):
    page = browse(f"/alice/stance-tiny/{path}")
    assert page.status == 404
    assert "Not found" in page.text
