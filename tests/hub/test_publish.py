"""Publication, against a real Hub: once, again, interrupted, refused, and with somebody else at work."""

import os
import signal
import subprocess
import sys

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from factory.errors import HubError
from factory.hub.embedded import Access
from factory.hub.publish import preview_release, publish_release
from factory.hub.push import COMPLETE, Push, push_release
from factory.hub.target import Target
from tests.hub.meddler import LOST, meddler
from tests.hub.releases import RELEASE, write_release

TAG = f"release-{RELEASE}"
MENDED = b"---\nlicense: mit\n---\n"
LATER = "ba9876543210"
LATER_TAG = f"release-{LATER}"
WHOLE, LATER_WHOLE = f"{TAG}: {COMPLETE}", f"{LATER_TAG}: {COMPLETE}"
PUBLISH = """
import sys
from pathlib import Path
from factory.hub.history import Repo
from factory.hub.push import push_release
from factory.hub.target import open_target
folder, tag, *repos = sys.argv[1:]
repos = [Repo(*repo.split(",")) for repo in repos]
with open_target() as target:
    push_release(Path(folder), repos, tag, private=False, target=target)
"""


def publish(folder, repos, target, private=False):
    return publish_release(folder, repos, Push(target, TAG, private), title="Reviews")


def push(folder, repos, target, tag=TAG):
    """Publish without a look from outside, and return how many commits that took."""
    pushed = push_release(folder, repos, tag, private=False, target=target)
    return sum(not change.is_empty for change in pushed.changes)


def commit_as_somebody(target, repo_id, path, content, repo_type="dataset"):
    target.api.create_commit(
        repo_id, [CommitOperationAdd(path, content)], commit_message="mend a typo", repo_type=repo_type
    )


def titles(target, repo_id, repo_type="dataset"):
    return [commit.title for commit in target.api.list_repo_commits(repo_id, repo_type=repo_type)]


def titles_of(repo):
    """Those of a repository that was published once."""
    return [*([WHOLE] if repo.type == "dataset" else []), TAG, "initial commit"]


def behind(proxy, target):
    return Target.at(Access(proxy.endpoint, target.token))


def test_a_release_is_published_verified_and_the_second_time_there_is_nothing_to_do(target, tmp_path):
    repos = write_release(tmp_path)
    first = publish(tmp_path, repos, target)
    assert first.commits == 4
    assert first.is_verified_now
    assert str(first).splitlines() == [
        f"{target.endpoint}/local/reviews-tiny",
        f"{target.endpoint}/datasets/local/reviews",
        f"{target.endpoint}/spaces/local/reviews",
        first.urls[3],
    ]
    collection = target.api.get_collection(first.urls[3].removeprefix(f"{target.endpoint}/collections/"))
    assert [(item.item_type, item.item_id) for item in collection.items] == [(repo.type, repo.id) for repo in repos]

    again = publish(tmp_path, repos, target)
    assert again.commits == 0
    assert str(again).splitlines() == ["nothing to do", *first.urls]
    for repo in repos:
        assert titles(target, repo.id, repo.type) == titles_of(repo)
        assert [tag.name for tag in target.api.list_repo_refs(repo.id, repo_type=repo.type).tags] == [TAG, "v1"]


def test_a_dry_run_lists_every_file_and_creates_nothing(target, tmp_path):
    repos = write_release(tmp_path, students=())
    preview = preview_release(tmp_path, repos, Push(target, TAG))
    assert str(preview).splitlines() == [
        "dataset local/reviews",
        "  A README.md",
        "  A data/test-00000-of-00001.parquet",
        "  A data/train-00000-of-00001.parquet",
    ]
    assert list(target.api.list_datasets()) == []


def test_a_dry_run_tells_added_modified_and_deleted_files(target, tmp_path):
    repos = write_release(tmp_path, students=())
    push(tmp_path, repos, target)
    write_release(tmp_path, students=(), release=LATER)
    data = tmp_path / "dataset" / "data"
    (data / "train-00000-of-00001.parquet").rename(data / "train-00000-of-00002.parquet")
    preview = preview_release(tmp_path, repos, Push(target, LATER_TAG))
    assert str(preview).splitlines()[1:] == [
        "  A data/train-00000-of-00002.parquet",
        "  M README.md",
        "  D data/train-00000-of-00001.parquet",
    ]
    assert titles(target, "local/reviews") == [WHOLE, TAG, "initial commit"]


def test_files_of_the_release_before_go_and_those_that_somebody_added_stay(target, tmp_path):
    repos = write_release(tmp_path, students=())
    (tmp_path / "dataset" / "old.md").write_text("of the first release")
    push(tmp_path, repos, target)
    commit_as_somebody(target, "local/reviews", "picture.svg", b"<svg/>")
    write_release(tmp_path, students=(), release=LATER)
    (tmp_path / "dataset" / "old.md").unlink()
    assert push(tmp_path, repos, target, LATER_TAG) == 2
    left = set(target.api.list_repo_files("local/reviews", repo_type="dataset"))
    assert "picture.svg" in left
    assert "old.md" not in left


def test_a_light_file_that_is_withheld_goes_from_the_hub(target, tmp_path):
    repos = write_release(tmp_path)
    light = tmp_path / "model-tiny" / "onnx" / "model_quantized.onnx"
    light.parent.mkdir()
    light.write_bytes(b"of the first release")
    push(tmp_path, repos, target)
    write_release(tmp_path, release=LATER)
    light.unlink()
    push(tmp_path, repos, target, LATER_TAG)
    assert "onnx/model_quantized.onnx" not in target.api.list_repo_files("local/reviews-tiny")
    assert "onnx/model_quantized.onnx" in target.api.list_repo_files("local/reviews-tiny", revision=TAG)


def test_a_file_that_somebody_changed_is_named_and_left_alone(target, tmp_path):
    repos = write_release(tmp_path, students=())
    push(tmp_path, repos, target)
    commit_as_somebody(target, "local/reviews", "README.md", MENDED)
    assert push(tmp_path, repos, target) == 0
    write_release(tmp_path, students=(), release=LATER)
    with pytest.raises(
        HubError, match=r"README\.md \(the text between .*\) in dataset local/reviews .*'mend a typo' by local on 20"
    ):
        push(tmp_path, repos, target, LATER_TAG)
    assert titles(target, "local/reviews")[0] == "mend a typo"


def test_a_commit_of_somebody_else_in_between_is_kept(target, tmp_path):
    repos = write_release(tmp_path, students=())
    push(tmp_path, repos, target)
    write_release(tmp_path, students=(), release=LATER)
    with meddler(target.endpoint) as proxy:
        proxy.on("POST", "/commit/main", lambda: commit_as_somebody(target, "local/reviews", "picture.svg", b"<svg/>"))
        push(tmp_path, repos, behind(proxy, target), LATER_TAG)
    assert titles(target, "local/reviews") == [LATER_WHOLE, LATER_TAG, "mend a typo", WHOLE, TAG, "initial commit"]
    assert "picture.svg" in target.api.list_repo_files("local/reviews", repo_type="dataset")


def test_a_commit_in_between_to_a_file_of_the_release_stops_the_publication(target, tmp_path):
    repos = write_release(tmp_path, students=())
    push(tmp_path, repos, target)
    write_release(tmp_path, students=(), release=LATER)
    with meddler(target.endpoint) as proxy:
        proxy.on(
            "POST",
            "/commit/main",
            lambda: commit_as_somebody(target, "local/reviews", "README.md", MENDED),
        )
        with pytest.raises(
            HubError, match=r"README\.md \(.*\) in dataset local/reviews .* was changed after .*--overwrite"
        ):
            push(tmp_path, repos, behind(proxy, target), LATER_TAG)
    assert titles(target, "local/reviews")[0] == "mend a typo"


@pytest.mark.parametrize("outcome", [503, LOST])
def test_a_commit_without_an_answer_is_neither_lost_nor_made_twice(target, tmp_path, outcome):
    repos = write_release(tmp_path, students=())
    with meddler(target.endpoint) as proxy:
        proxy.on("POST", "/commit/main", lambda: outcome)
        assert push(tmp_path, repos, behind(proxy, target)) == 2
    assert titles(target, "local/reviews") == [WHOLE, TAG, "initial commit"]


def test_killed_between_two_commits_the_next_call_goes_on(target, tmp_path):
    repos = write_release(tmp_path)
    arguments = [str(tmp_path), TAG, *(f"{repo.type},{repo.id},{repo.folder}" for repo in repos)]
    with meddler(target.endpoint) as proxy:
        environment = {**os.environ, "HF_ENDPOINT": proxy.endpoint, "HF_TOKEN": target.token}
        with subprocess.Popen([sys.executable, "-c", PUBLISH, *arguments], env=environment) as publisher:
            proxy.on("POST", "/api/models/local/reviews-tiny/commit/main", lambda: _kill(publisher))
    assert publisher.returncode == -signal.SIGKILL
    assert titles(target, "local/reviews") == [TAG, "initial commit"]
    assert titles(target, "local/reviews-tiny", "model") == ["initial commit"]
    assert push(tmp_path, repos, target) == 3
    for repo in repos:
        assert titles(target, repo.id, repo.type) == titles_of(repo)


def _kill(process):
    process.kill()
    return 503


def test_killed_before_verification_the_next_call_verifies(target, tmp_path):
    repos = write_release(tmp_path, students=())
    push(tmp_path, repos, target)
    again = publish(tmp_path, repos, target)
    assert (again.commits, again.is_verified_now) == (0, True)
    assert not str(again).startswith("nothing to do")
    assert str(publish(tmp_path, repos, target)).startswith("nothing to do")


def test_a_tag_that_holds_other_bytes_is_found_out(target, tmp_path):
    repos = write_release(tmp_path, students=())
    target.api.create_repo("local/reviews", repo_type="dataset")
    target.api.create_tag("local/reviews", tag=TAG, repo_type="dataset")
    with pytest.raises(HubError, match=r"^the tag release-\w+ of dataset local/reviews .* is on another commit"):
        publish(tmp_path, repos, target)


def test_a_card_that_the_hub_refuses_stops_before_the_first_commit(target, tmp_path):
    repos = write_release(tmp_path)
    card = tmp_path / "model-tiny" / "README.md"
    card.write_text(card.read_text().replace("apache-2.0", "mine-alone"))
    with pytest.raises(HubError, match=r"README\.md of model local/reviews-tiny .* is refused: \"license\" must be"):
        push(tmp_path, repos, target)
    assert list(target.api.list_datasets()) == []


def test_a_private_release_is_private_everywhere(target, tmp_path):
    repos = write_release(tmp_path, students=())
    published = publish(tmp_path, repos, target, private=True)
    anonymous = HfApi(endpoint=target.endpoint, token=False)
    assert not anonymous.repo_exists("local/reviews", repo_type="dataset")
    slug = published.urls[-1].removeprefix(f"{target.endpoint}/collections/")
    assert target.api.get_collection(slug).private


def test_a_repository_of_another_type_may_have_the_same_name(target, tmp_path):
    target.api.create_repo("local/reviews", repo_type="model")
    commit_as_somebody(target, "local/reviews", "note.md", b"another thing", "model")
    push(tmp_path, write_release(tmp_path, students=()), target)
    assert titles(target, "local/reviews", "model") == ["mend a typo", "initial commit"]
