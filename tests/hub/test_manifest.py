"""What readers see of a release while it is being published, and which commits it says belong together."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd

from factory.errors import HubError
from factory.hub.embedded import Access
from factory.hub.manifest import parse_manifest, read_manifest
from factory.hub.push import push_release
from factory.hub.target import Target
from tests.hub.meddler import meddler
from tests.hub.small import FIRST, REPOS, SECOND, write_small


def push(folder, target, release, **options):
    tag = write_small(folder, release)
    return push_release(folder, REPOS, tag, private=False, target=target, **options)


def read(target, repo, path, revision=None):
    return Path(target.api.hf_hub_download(repo.id, path, repo_type=repo.type, revision=revision)).read_text()


def contents_by_manifest(target):
    """What a reader who follows the manifest gets of each repository."""
    manifest = read_manifest(target, "local/small")
    return {read(target, member, "content.txt", member.commit) for member in manifest.repositories}


def test_the_manifest_names_the_commit_and_the_files_of_every_repository(target, tmp_path):
    pushed = push(tmp_path, target, FIRST)
    manifest = read_manifest(target, "local/small", "v1")
    assert (manifest.recipe, manifest.release, manifest.version.change) == ("small", FIRST, "First release.")
    for repo, member in zip(REPOS, manifest.repositories, strict=True):
        assert read(target, member, "content.txt", member.commit) == FIRST
        pulled = target.api.list_repo_files(repo.id, repo_type=repo.type, revision=member.commit)
        assert set(pulled) - {".gitattributes"} == set(member.files)
    assert pushed.commits[REPOS[1]] == manifest.find("model", "local/small-tiny").commit


def test_provenance_names_the_commits_of_the_other_repositories(target, tmp_path):
    push(tmp_path, target, FIRST)
    members = {member.type: member for member in read_manifest(target, "local/small").repositories}
    of_model = json.loads(read(target, REPOS[1], "provenance.json"))["repositories"]
    assert [other["commit"] for other in of_model] == [members["dataset"].commit]
    of_dataset = json.loads(read(target, REPOS[0], "provenance.json"))["repositories"]
    assert [other["commit"] for other in of_dataset] == [members["model"].commit, members["space"].commit]


def test_whoever_follows_the_manifest_sees_the_old_release_or_the_new_never_a_mix(target, tmp_path):
    push(tmp_path, target, FIRST)
    seen = []
    with meddler(target.endpoint) as proxy:
        for _ in range(4):
            proxy.on("POST", "/commit/main", lambda: seen.append(contents_by_manifest(target)))
        push(tmp_path, Target.at(Access(proxy.endpoint, target.token)), SECOND)
    assert seen == [{FIRST}] * 4
    assert contents_by_manifest(target) == {SECOND}


def test_stopped_at_any_commit_the_old_release_stands_and_the_next_call_goes_on(target, tmp_path):
    push(tmp_path, target, FIRST)
    for number in range(4):
        with meddler(target.endpoint) as proxy:
            for _ in range(number):
                proxy.on("POST", "/commit/main", lambda: None)
            proxy.on("POST", "/commit/main", lambda: 400)
            with suppress(HubError):
                push(tmp_path, Target.at(Access(proxy.endpoint, target.token)), SECOND)
        if number < 3:
            assert contents_by_manifest(target) == {FIRST}
    push(tmp_path, target, SECOND)
    assert contents_by_manifest(target) == {SECOND}
    assert [version.tag for version in read_manifest(target, "local/small").versions] == ["v1", "v2"]
    titles = [commit.title for commit in target.api.list_repo_commits("local/small-tiny")]
    assert titles == [f"release-{SECOND}", f"release-{FIRST}", "initial commit"]


def test_going_back_to_an_earlier_release_is_a_version_of_its_own(target, tmp_path):
    push(tmp_path, target, FIRST)
    push(tmp_path, target, SECOND)
    push(tmp_path, target, FIRST)
    manifest = read_manifest(target, "local/small")
    assert [version.release for version in manifest.versions] == [FIRST, SECOND, FIRST]
    assert contents_by_manifest(target) == {FIRST}
    tags = {ref.name: ref.target_commit for ref in target.api.list_repo_refs("local/small-tiny").tags}
    assert tags["v3"] == manifest.find("model", "local/small-tiny").commit != tags[f"release-{FIRST}"]


def test_what_people_wrote_around_a_card_survives_the_next_release(target, tmp_path):
    push(tmp_path, target, FIRST)
    card = read(target, REPOS[1], "README.md").replace("license:", "new_key: kept\nlicense:") + "\nAsk Ada.\n"
    commit(target, "README.md", card)
    push(tmp_path, target, SECOND)
    merged = read(target, REPOS[1], "README.md")
    assert "new_key: kept" in merged
    assert merged.endswith(f"# {SECOND}\n<!-- factory:end -->\n\nAsk Ada.\n")


def test_a_change_of_somebody_else_is_overwritten_only_when_asked_to(target, tmp_path, caplog):
    push(tmp_path, target, FIRST)
    commit(target, "content.txt", "mine")
    with pytest.raises(HubError, match=r"^content\.txt in model .* was changed after .* in 'mend' by local on "):
        push(tmp_path, target, SECOND)
    assert contents_by_manifest(target) == {FIRST}
    push(tmp_path, target, SECOND, overwrite=True)
    assert "overwriting: content.txt in model local/small-tiny" in caplog.text
    assert contents_by_manifest(target) == {SECOND}


def test_a_dataset_that_was_deleted_has_no_manifest_though_a_cache_has(target, tmp_path):
    push(tmp_path, target, FIRST)
    assert read_manifest(target, "local/small")
    target.api.delete_repo("local/small", repo_type="dataset")
    assert read_manifest(target, "local/small") is None


def test_a_hub_that_does_not_tell_is_not_taken_for_one_without_a_release(target, tmp_path):
    push(tmp_path, target, FIRST)
    for method, part in (("GET", "/api/datasets/local/small"), ("HEAD", "/release.json")):
        with meddler(target.endpoint) as proxy:
            for _ in range(9):
                proxy.on(method, part, lambda: 500)
            with pytest.raises(HubError, match=r"^release\.json of local/small on "):
                read_manifest(Target.at(Access(proxy.endpoint, target.token)), "local/small")


def test_a_damaged_manifest_is_one_sentence():
    with pytest.raises(HubError, match=r"^release\.json of me/x is damaged \('repositories'\); publish"):
        parse_manifest("{}", "release.json of me/x")


def commit(target, path, text):
    target.api.create_commit("local/small-tiny", [CommitOperationAdd(path, text.encode())], commit_message="mend")
