import json

import pytest

from factory.localhub.pages.links import find_page, find_related, link_of_value
from factory.localhub.repos import create_repo, load_repo


@pytest.fixture
def repos(call):
    cards = {("model", "tiny"): {"datasets": ["Alice/Rows"]}, ("dataset", "rows"): {}, ("space", "rows"): {}}
    cards[("space", "app")] = {"models": ["alice/tiny", "alice/none"], "datasets": 3}
    with call.store.transaction() as db:
        for (kind, name), card in cards.items():
            repo = create_repo(db, kind, "alice", name, private=False)
            db.execute("UPDATE repos SET card = ? WHERE id = ?", (json.dumps(card), repo.id))
        create_repo(db, "model", "alice", "hidden", private=True)
    return lambda kind, name: load_repo(call.store.db, kind, "alice", name)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://huggingface.co/alice/tiny", "/alice/tiny"),
        ("https://hf.co/datasets/alice/rows/", "/datasets/alice/rows"),
        ("http://localhost:41233/spaces/alice/app/blob/main/app.py", "/spaces/alice/app/blob/main/app.py"),
        ("http://127.0.0.1:1/collections/alice/all-0123", "/collections/alice/all-0123"),
        ("https://huggingface.co/alice/hidden", None),
        ("https://huggingface.co/alice/tiny/discussions", None),
        ("https://huggingface.co/datasets/alice", None),
        ("https://huggingface.co.evil.example/alice/tiny", None),
        ("https://example.org/alice/tiny", None),
        ("http://[bad", None),
    ],
)
def test_only_pages_that_are_here_are_found(call, repos, url, path):
    assert find_page(call, url) == path


def test_what_belongs_together_is_found_from_either_side(call, repos):
    def related(kind, name):
        return [repo.path for repo in find_related(call, repos(kind, name))]

    assert related("model", "tiny") == ["datasets/alice/rows", "spaces/alice/app"]
    assert related("dataset", "rows") == ["alice/tiny"]
    assert related("space", "app") == ["alice/tiny"]
    assert related("space", "rows") == []


def test_a_value_links_only_under_a_key_that_names_repositories(call, repos):
    assert link_of_value(call, "datasets", "alice/rows") == "/datasets/alice/rows"
    assert link_of_value(call, "license", "alice/rows") is None
    assert link_of_value(call, "base_model", "alice/hidden") is None
    assert link_of_value(call, "base_model", 3) is None
