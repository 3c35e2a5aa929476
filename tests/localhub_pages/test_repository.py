import socket

from factory.localhub.demos import noted_demo
from tests.localhub_pages.conftest import push


def test_a_models_page_shows_its_card_and_what_it_says_of_itself(browse, release):
    page = browse("/alice/stance-tiny")
    assert "<strong>small</strong>" in page.html
    assert page.links["the report"] == "/alice/stance-tiny/blob/main/eval/report.json"
    assert "apache-2.0" in page.text
    assert "Accuracy 0.7421 stance gold" in page.text
    assert "license:" not in page.text


def test_a_name_that_is_here_leads_to_its_page_and_another_to_none(browse, release):
    page = browse("/alice/stance-tiny")
    assert page.links["alice/stance"] in ("/datasets/alice/stance", "/spaces/alice/stance")
    assert page.links["the dataset"] == "/datasets/alice/stance"
    assert "someone/elsewhere" in page.text
    assert "someone/elsewhere" not in page.links


def test_a_repository_links_to_what_names_it(browse, release):
    assert "/alice/stance-tiny" in browse("/datasets/alice/stance").links.values()
    assert "/alice/stance-tiny" in browse("/spaces/alice/stance").links.values()


def test_a_space_says_that_it_is_stopped_and_how_to_run_it(browse, release):
    page = browse("/spaces/alice/stance")
    assert "STOPPED" in page.text
    assert "factory demo alice/stance" in page.text
    assert "RUNNING" not in page.text


def test_a_new_space_whose_card_is_metadata_alone_has_a_page(hub, browse):
    assert browse(f"/spaces/{hub.repo('space')}").status == 200


def test_a_repository_without_a_card_says_so(hub, browse):
    assert "There is no card" in browse(f"/{hub.repo()}").text


def test_a_card_that_is_too_long_is_offered_as_a_file(hub, browse):
    name = hub.repo()
    push(hub.api(), name, "model", {"README.md": f"---\nlicense: mit\n---\n{'word ' * 30_000}"})
    page = browse(f"/{name}")
    assert page.links["read it as a file"] == f"/{name}/resolve/main/README.md"
    assert len(page.html) < 20_000


def test_a_private_repository_looks_like_a_missing_one(hub, browse, cookie):
    name = hub.repo(private=True)
    for path in (f"/{name}", f"/{name}/tree/main", f"/{name}/blob/main/.gitattributes", f"/{name}/commits/main"):
        hidden, missing = browse(path), browse(path.replace(name, "alice/missing"))
        assert hidden.status == missing.status == 404
        assert hidden.html.replace(name.split("/")[1], "missing") == missing.html
        assert browse(path, cookie=cookie).status == 200


def test_a_gated_repository_shows_its_name_and_not_its_files(hub, browse, cookie):
    name = hub.repo()
    push(hub.api(), name, "model", {"README.md": "---\nlicense: mit\n---\nthe secret card"})
    hub.api().update_repo_settings(name, gated="manual")
    page = browse(f"/{name}")
    assert page.status == 200
    assert "gated" in page.text
    assert "the secret card" not in page.html
    assert browse(f"/{name}/blob/main/README.md").status == 401
    assert "the secret card" in browse(f"/{name}", cookie=cookie).text


def test_a_moved_repository_leads_to_its_new_page(hub, browse):
    name = hub.repo()
    hub.api().move_repo(from_id=name, to_id=f"{name}-moved")
    assert browse(f"/{name}").headers["location"] == f"/{name}-moved"


def test_a_running_demo_is_on_the_page_of_its_space(hub, browse, release):
    with socket.create_server(("127.0.0.1", 0)) as app, noted_demo(hub.root, release.space, app.getsockname()[1]):
        address = f"http://127.0.0.1:{app.getsockname()[1]}"
        page = browse(f"/spaces/{release.space}")
        assert page.links["open it in a page of its own"] == address
        assert [attributes["src"] for tag, attributes in page.tags if tag == "iframe"] == [address]
        assert page.headers["content-security-policy"].endswith(f"; frame-src {address}")
    page = browse(f"/spaces/{release.space}")
    assert "RUNNING" not in page.text
    assert "frame-src" not in page.headers["content-security-policy"]
