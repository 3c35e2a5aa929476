"""What is refused before anything is paid for."""

import json

import pytest
from huggingface_hub import CommitOperationAdd

from factory.errors import HubError
from factory.hub.embedded import Access
from factory.hub.history import Repo
from factory.hub.preflight import check_ready
from factory.hub.push import push_release
from factory.hub.target import Target
from factory.localhub.admin import add_user, import_folder
from tests.hub.meddler import meddler
from tests.hub.releases import RELEASE, write_release

DATASET = Repo("dataset", "local/reviews", "dataset")
SPACE = Repo("space", "local/reviews", "space")


def check(target, repos=(DATASET, SPACE), namespace="local", private=False):
    check_ready(target, list(repos), namespace, private=private)


def test_a_fresh_name_is_ready(target):
    check(target)


def test_a_repository_that_was_just_created_is_ready(target):
    target.api.create_repo("local/reviews", repo_type="dataset")
    check(target)


def test_an_earlier_release_is_ready(target, tmp_path):
    repos = write_release(tmp_path, students=())
    push_release(tmp_path, repos, f"release-{RELEASE}", private=False, target=target)
    check(target, repos)


def test_a_token_that_may_only_read_is_refused_and_the_permission_named(target, home):
    target.user  # noqa: B018 - starts the Hub
    reader = Target.at(Access(target.endpoint, add_user(home / "hub", "local", role="read")))
    with pytest.raises(HubError, match=r"may only read from .*'Write access to .*' \(repo\.write\) for 'local'"):
        check(reader)


@pytest.mark.parametrize(("entity", "is_ready"), [("local", True), ("another", False)])
def test_a_fine_grained_token_needs_the_permission_for_the_namespace(target, entity, is_ready):
    scope = {"entity": {"type": "user", "name": entity}, "permissions": ["repo.content.read", "repo.write"]}
    token = {"displayName": "ci", "role": "fineGrained", "fineGrained": {"scoped": [scope]}}
    account = {"type": "user", "name": "local", "orgs": [], "auth": {"accessToken": token}}
    with meddler(target.endpoint) as proxy:
        proxy.on("GET", "/api/whoami-v2", lambda: (200, json.dumps(account).encode()))
        asked = Target.at(Access(proxy.endpoint, target.token))
        if is_ready:
            check(asked)
        else:
            with pytest.raises(HubError, match="the token 'ci' may only read"):
                check(asked)


def test_a_namespace_of_somebody_else_is_refused(target):
    with pytest.raises(HubError, match="may not publish as 'google' on an embedded Hub; choose --namespace of: local"):
        check(target, namespace="google")


def test_an_organisation_of_the_user_is_ready(target, home, tmp_path):
    (tmp_path / "folder").mkdir()
    import_folder(home / "hub", tmp_path / "folder", "acme/other")
    check(target, [Repo("dataset", "acme/reviews", "dataset")], namespace="acme")


@pytest.mark.parametrize("name", ["local/" + "x" * 97, "local/a..b", "local/a b"])
def test_an_illegal_name_is_refused(target, name):
    with pytest.raises(HubError, match="is not a legal name on the Hub"):
        check(target, [Repo("model", name, "model-x")])


def test_a_repository_with_other_content_is_refused(target):
    target.api.create_repo("local/reviews", repo_type="dataset")
    add = CommitOperationAdd("notes.txt", b"mine")
    target.api.create_commit("local/reviews", [add], commit_message="notes", repo_type="dataset")
    with pytest.raises(HubError, match="dataset local/reviews on an embedded Hub is not a release of hf-factory"):
        check(target)


def test_a_space_of_another_kind_is_refused(target):
    target.api.create_repo("local/reviews", repo_type="space", space_sdk="static")
    with pytest.raises(HubError, match="space local/reviews on an embedded Hub runs 'static', not gradio"):
        check(target)


def test_a_repository_that_moved_is_refused(target):
    target.api.create_repo("local/reviews", repo_type="dataset")
    target.api.move_repo("local/reviews", "local/opinions", repo_type="dataset")
    with pytest.raises(HubError, match="dataset local/reviews on an embedded Hub has moved to local/opinions"):
        check(target)


def test_a_private_repository_is_not_published_to_in_passing_nor_a_public_one_made_private(target):
    target.api.create_repo("local/reviews", repo_type="dataset", visibility="private")
    remedy = "hf repos settings local/reviews --type dataset --public"
    with pytest.raises(HubError, match=f"is private, and the release is to be public; to change that: {remedy}"):
        check(target)
    check(target, private=True)


def test_a_hub_that_is_down_is_named():
    down = Target.at(Access("http://127.0.0.1:9", "hf_x"))
    with pytest.raises(HubError, match=r"^127\.0\.0\.1:9 does not answer"):
        check(down)
