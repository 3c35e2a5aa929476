import json

import pytest
from huggingface_hub.errors import RepositoryNotFoundError

ROUTES = [
    ("GET", "/api/{T}/{id}"),
    ("GET", "/api/{T}/{id}/revision/main"),
    ("GET", "/api/{T}/{id}/tree/main"),
    ("GET", "/api/{T}/{id}/tree/main/sub"),
    ("GET", "/api/{T}/{id}/treesize/main"),
    ("POST", "/api/{T}/{id}/paths-info/main"),
    ("GET", "/api/{T}/{id}/refs"),
    ("GET", "/api/{T}/{id}/commits/main"),
    ("POST", "/api/{T}/{id}/branch/x"),
    ("DELETE", "/api/{T}/{id}/branch/x"),
    ("POST", "/api/{T}/{id}/tag/main"),
    ("DELETE", "/api/{T}/{id}/tag/v1"),
    ("POST", "/api/{T}/{id}/super-squash/main"),
    ("PUT", "/api/{T}/{id}/settings"),
    ("GET", "/api/{T}/{id}/auth-check"),
    ("GET", "/api/{T}/{id}/auth-check/write"),
    ("POST", "/api/{T}/{id}/preupload/main"),
    ("POST", "/api/{T}/{id}/preupload/main?create_pr=1"),
    ("POST", "/api/{T}/{id}/commit/main"),
    ("POST", "/api/{T}/{id}/commit/main?create_pr=1"),
    ("POST", "/api/{T}/{id}/commit/refs%2Fpr%2F1"),
    ("GET", "/api/{T}/{id}/xet-write-token/main"),
    ("GET", "/api/{T}/{id}/xet-write-token/main?create_pr=1"),
    ("GET", "/api/{T}/{id}/xet-read-token/main"),
    ("GET", "/api/{T}/{id}/discussions"),
    ("POST", "/api/{T}/{id}/discussions"),
    ("GET", "/api/{T}/{id}/discussions/1"),
    ("POST", "/api/{T}/{id}/discussions/1/comment"),
    ("POST", "/api/{T}/{id}/discussions/1/merge"),
    ("GET", "/api/{T}/{id}/secrets"),
    ("GET", "/api/{T}/{id}/variables"),
    ("GET", "/api/{T}/{id}/runtime"),
    ("POST", "/api/{T}/{id}/restart"),
    ("GET", "/api/{T}/{id}/user-access-request/pending"),
    ("GET", "/api/{T}/{id}/likers"),
    ("POST", "/api/{T}/{id}/anything-else"),
    ("GET", "/{P}{id}/resolve/main/secret.txt"),
    ("HEAD", "/{P}{id}/resolve/main/secret.txt"),
    ("POST", "/{P}{id}.git/info/lfs/objects/batch"),
    ("GET", "/{P}{id}"),
]


@pytest.fixture(scope="module", params=["model", "dataset", "space"])
def private(request, hub):
    repo_id = hub.repo(request.param, private=True)
    api = f"{request.param}s"
    assert hub.commit(repo_id, {"secret.txt": "s3cr3t", "sub/secret.txt": "s3cr3t"}, api=api).status == 200
    return repo_id, api


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda value: value)
def test_a_private_repository_does_not_exist_for_others(hub, private, method, path):
    repo_id, api = private
    path = path.format(T=api, P="" if api == "models" else f"{api}/", id=repo_id)
    for user in ("bob", None):
        answer = hub.request(method, path, user=user, body={} if method in ("POST", "PUT") else None)
        assert answer.status == 404, answer.body
        assert answer.headers["x-error-code"] == "RepoNotFound"
    missing = hub.request(method, path.replace(repo_id, "alice/does-not-exist"), user="bob")
    assert (missing.status, missing.headers["x-error-code"]) == (404, "RepoNotFound")


@pytest.mark.parametrize(("method", "body"), [("DELETE", {}), ("POST", {})])
def test_a_private_repository_cannot_be_deleted_or_moved_by_others(hub, private, method, body):
    repo_id, api = private
    name = {"name": repo_id.split("/")[1], "organization": "alice", "type": api[:-1]}
    moved = {"fromRepo": repo_id, "toRepo": "bob/mine", "type": api[:-1]}
    answers = [
        hub.request("DELETE", "/api/repos/delete", user="bob", body=name),
        hub.request("POST", "/api/repos/move", user="bob", body=moved),
    ]
    assert [answer.status for answer in answers] == [404, 404]


def test_a_private_repository_is_in_nobody_elses_list(hub, private):
    repo_id, api = private
    for user, listed in [("alice", True), ("reader", True), ("bob", False), (None, False)]:
        found = {item["id"] for item in hub.request("GET", f"/api/{api}?search=repo", user=user).json()}
        assert (repo_id in found) is listed


def test_the_client_gets_its_usual_exception(hub, private):
    repo_id, api = private
    with pytest.raises(RepositoryNotFoundError):
        hub.api("bob").repo_info(repo_id, repo_type=api[:-1])


def test_knowing_the_hash_of_anothers_private_file_gives_nothing(hub):
    owner, mine = hub.repo(private=True), hub.repo(user="bob")
    hub.api().upload_file(path_or_fileobj=b"private weights", path_in_repo="w.bin", repo_id=owner)
    (entry,) = hub.api().get_paths_info(owner, "w.bin")
    lines = [
        {"key": "header", "value": {"summary": "steal"}},
        {"key": "lfsFile", "value": {"path": "w.bin", "algo": "sha256", "oid": entry.lfs.sha256}},
    ]
    body = "\n".join(map(json.dumps, lines)).encode()
    stolen = hub.request("POST", f"/api/models/{mine}/commit/main", user="bob", body=body)
    assert stolen.status == 400
    batch = {"operation": "upload", "objects": [{"oid": entry.lfs.sha256, "size": entry.size}]}
    answer = hub.request("POST", f"/{mine}.git/info/lfs/objects/batch", user="bob", body=batch).json()
    assert "actions" in answer["objects"][0], "an object another repository has must be uploaded again"


def test_a_pointer_cannot_be_committed_as_if_it_were_the_file(hub):
    owner, mine = hub.repo(private=True), hub.repo(user="bob")
    hub.api().upload_file(path_or_fileobj=b"private weights", path_in_repo="w.bin", repo_id=owner)
    (entry,) = hub.api().get_paths_info(owner, "w.bin")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{entry.lfs.sha256}\nsize {entry.size}\n"
    assert hub.commit(mine, {"w.bin": pointer}, user="bob").status == 400


def test_names_differ_only_by_more_than_case(hub):
    repo_id = hub.repo()
    assert hub.request("POST", "/api/repos/create", user="alice", body={"name": repo_id[6:].upper()}).status == 409
    assert hub.api().model_info(repo_id.upper()).id == repo_id
