import pytest

from factory.localhub import git
from factory.localhub.errors import HubError
from factory.localhub.store import Store
from factory.localhub.trees import Entry, add_blob, change_tree, check_path, find_entry, list_entries, list_files, walk


@pytest.fixture
def db(tmp_path):
    store = Store(tmp_path)
    yield store.db
    store.close()


def file(db, text):
    content = text.encode()
    entry = Entry(git.object_id("blob", content), False, "0" * 64, len(content))
    add_blob(db, entry)
    return entry


def test_files_appear_at_their_paths(db):
    tree = change_tree(db, None, {"a.txt": file(db, "1"), "d/e/b.txt": file(db, "2")})
    assert set(list_files(db, tree)) == {"a.txt", "d/e/b.txt"}
    assert [path for path, _ in walk(db, tree)] == ["a.txt", "d", "d/e", "d/e/b.txt"]
    assert [path for path, _ in list_entries(db, tree)] == ["a.txt", "d"]


def test_the_same_content_is_the_same_tree_by_any_way(db):
    one, two = file(db, "1"), file(db, "2")
    at_once = change_tree(db, None, {"a": one, "d/b": two})
    in_steps = change_tree(db, change_tree(db, None, {"d/b": two, "x": one}), {"x": None, "a": one})
    assert at_once == in_steps


def test_directories_are_shared_between_trees(db):
    before = change_tree(db, None, {"big/a": file(db, "1"), "small": file(db, "2")})
    after = change_tree(db, before, {"small": file(db, "3")})
    assert find_entry(db, before, "big") == find_entry(db, after, "big")


def test_removing_the_last_file_removes_its_directory(db):
    tree = change_tree(db, None, {"d/e/f": file(db, "1"), "g": file(db, "2")})
    assert set(list_files(db, change_tree(db, tree, {"d/e/f": None}))) == {"g"}
    assert find_entry(db, change_tree(db, tree, {"d/e/f": None}), "d") is None


def test_removing_a_directory_removes_all_below_it(db):
    tree = change_tree(db, None, {"d/a": file(db, "1"), "d/e/b": file(db, "2"), "g": file(db, "3")})
    assert set(list_files(db, change_tree(db, tree, {"d": None}))) == {"g"}


def test_removing_everything_leaves_the_empty_tree_of_git(db):
    tree = change_tree(db, None, {"a": file(db, "1")})
    assert change_tree(db, tree, {"a": None}) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_a_file_is_not_replaced_by_a_folder_unless_it_is_removed(db):
    tree = change_tree(db, None, {"a": file(db, "1")})
    with pytest.raises(HubError, match="is a file"):
        change_tree(db, tree, {"a/b": file(db, "2")})
    assert set(list_files(db, change_tree(db, tree, {"a": None, "a/b": file(db, "2")}))) == {"a/b"}


def test_removing_below_a_file_changes_nothing(db):
    tree = change_tree(db, None, {"a": file(db, "1")})
    assert change_tree(db, tree, {"a/b": None}) == tree


def test_one_path_cannot_be_both_file_and_folder(db):
    with pytest.raises(HubError, match="file and a folder"):
        change_tree(db, None, {"a": file(db, "1"), "a/b": file(db, "2")})


@pytest.mark.parametrize(
    "path", ["", "/a", "a//b", "a/", ".", "..", "../a", "a/../b", "a/./b", "..\\a", "a/..\\..\\b"]
)
def test_a_path_that_could_leave_its_folder_is_refused(path):
    with pytest.raises(HubError) as refusal:
        check_path(path)
    assert refusal.value.status == 422


@pytest.mark.parametrize(
    "path", [".git/config", "a/.GIT/x", "a\0b", "a\nb", "x" * 256, "/".join(["d" * 100] * 20), None]
)
def test_a_path_that_git_or_a_disk_would_not_take_is_refused(path):
    with pytest.raises(HubError):
        check_path(path)


@pytest.mark.parametrize("path", ["a", "a/b.txt", ".gitattributes", "..a", "a..b", "é/ü?%.txt", "a b"])
def test_a_plain_path_is_taken(path):
    assert check_path(path) == path
