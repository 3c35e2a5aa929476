def test_the_first_page_lists_every_kind_with_links(browse, release):
    assert browse("/").status == 200
    page = browse("/?search=stance")  # the newest six of a kind alone are shown, and other tests add some
    assert page.status == 200
    assert page.links["alice/stance-tiny"] == "/alice/stance-tiny"
    assert {"/datasets/alice/stance", "/spaces/alice/stance", f"/collections/{release.collection}"} <= set(
        page.links.values()
    )


def test_search_works_by_the_query_alone(browse, release):
    assert "/alice/stance-tiny" in browse("/?search=TINY").links.values()
    assert "/datasets/alice/stance" not in browse("/?search=tiny").links.values()
    assert "Nothing found" in browse("/?search=no+such+thing").text


def test_what_was_searched_for_is_shown_and_runs_nothing(browse):
    page = browse("/?search=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "script" not in {tag for tag, _ in page.tags}
    assert '"><script>alert(1)</script>' in page.text


def test_a_list_shows_one_kind_and_filters_by_tag(browse, release):
    assert "/alice/stance-tiny" in browse("/models?filter=release-1").links.values()
    assert "/alice/stance-tiny" not in browse("/models?filter=release-2").links.values()
    assert "/alice/stance-tiny" not in browse("/datasets").links.values()


def test_a_long_list_comes_in_pages(hub, browse):
    names = [hub.api("bob").create_repo(f"bob/many-{number:02}").repo_id for number in range(31)]
    first, second = browse("/models?search=bob/many"), browse("/models?search=bob/many&p=1")
    assert first.links["Next →"] == "?search=bob%2Fmany&filter=&p=1"
    assert second.links["← Previous"] == "?search=bob%2Fmany&filter=&p=0"
    shown = [target for target in [*first.links.values(), *second.links.values()] if target.startswith("/bob/many")]
    assert sorted(shown) == [f"/{name}" for name in names]


def test_a_private_repository_is_on_no_list_but_its_owners(hub, browse, cookie, sign_in):
    name = hub.repo(private=True)
    bob = sign_in("bob").headers["set-cookie"].split(";")[0]
    for path in ("/", "/models", "/alice", f"/?search={name}"):
        assert f"/{name}" not in browse(path).links.values()
        assert f"/{name}" not in browse(path, cookie=bob).links.values()
        assert f"/{name}" in browse(path, cookie=cookie).links.values()


def test_an_owners_page_shows_what_is_theirs(hub, browse):
    hub.repo(user="bob")
    newest = hub.repo()
    page = browse("/alice")
    assert f"/{newest}" in page.links.values()
    assert not any(target.startswith("/bob/") for target in page.links.values())
    assert browse("/nobody-of-that-name").status == 404


def test_a_collection_shows_its_items_and_notes(browse, release):
    page = browse(f"/collections/{release.collection}")
    assert page.links["alice/stance-tiny"] == "/alice/stance-tiny"
    assert "the <small> one" in page.text
    assert f"/collections/{release.collection}" in browse("/collections").links.values()
    assert browse("/collections/alice/none-0").status == 404


def test_a_private_collection_is_seen_by_its_owner_alone(hub, browse, cookie):
    slug = hub.api().create_collection("Hidden ones", namespace="alice", private=True).slug
    assert browse(f"/collections/{slug}").status == 404
    assert browse(f"/collections/{slug}", cookie=cookie).status == 200
    assert f"/collections/{slug}" not in browse("/collections").links.values()
