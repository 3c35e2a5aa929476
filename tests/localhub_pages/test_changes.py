"""The page of a commit."""

import pytest

from tests.localhub_pages.conftest import push


@pytest.fixture(scope="module")
def changed(hub):
    """A repository whose last commit changes a text, adds one, deletes one and changes a large file."""
    name = hub.repo()
    push(hub.api(), name, "model", {"a.txt": "one\ntwo\n<b>\n", "gone.txt": "x\n", "w.bin": b"\0" * 10})
    hub.commit(name, {"a.txt": "one\n2\n<b>\n", "new & é.txt": "n\n", "gone.txt": None})
    push(hub.api(), name, "model", {"w.bin": b"\0" * 2000}, message="Heavier")
    return name, hub.api().list_repo_commits(name)


def test_a_commit_shows_the_lines_that_changed(browse, changed):
    name, commits = changed
    page = browse(f"/{name}/commit/{commits[1].commit_id}")
    assert page.status == 200
    assert "3 files changed" in page.text
    assert "@@ -1,3 +1,3 @@ one -two +2 <b>" in page.text
    assert "Added new & é.txt +1" in page.text
    assert "Deleted gone.txt +0" in page.text
    assert page.links["new & é.txt"].endswith("/new%20%26%20%C3%A9.txt")
    assert "<b>" not in page.html.replace("<b>Hub</b>", "").replace("<b>hf-factory</b>", "")


def test_a_large_file_shows_its_sizes(browse, changed):
    name, commits = changed
    assert "10 B → 2.0 kB: too large or not a text" in browse(f"/{name}/commit/{commits[0].commit_id}").text


def test_the_first_commit_is_compared_with_nothing(browse, changed):
    name, commits = changed
    page = browse(f"/{name}/commit/{commits[-1].commit_id[:10]}")
    assert "Added .gitattributes" in page.text
    assert "the commit before it" not in page.links


def test_the_history_leads_to_each_commit_and_so_does_what_a_commit_answers(hub, browse, changed):
    name, commits = changed
    assert browse(f"/{name}/commits/main").links["Heavier"] == f"/{name}/commit/{commits[0].commit_id}"
    answer = hub.commit(name, {"more.txt": "1"}).json()
    assert browse(answer["commitUrl"].removeprefix(hub.endpoint)).status == 200


def test_what_is_private_or_missing_has_no_page(hub, browse, cookie):
    name = hub.repo(private=True)
    oid = hub.api().repo_info(name).sha
    assert browse(f"/{name}/commit/{oid}").status == 404
    assert browse(f"/{name}/commit/{oid}", cookie=cookie).status == 200
    assert browse(f"/{name}/commit/{'0' * 40}", cookie=cookie).status == 404


def test_what_would_take_long_to_compare_is_not(hub, browse):
    name = hub.repo()
    lines = "".join(f"{number}\n" for number in range(3500))
    hub.commit(name, {"long.txt": lines, "much.txt": "x" * 300_000, "some.txt": lines[:9000]})
    page = browse(f"/{name}/commit/main")
    assert page.text.count("too large or not a text") == 2
    assert "Only the first 1000 lines are shown" in page.text
