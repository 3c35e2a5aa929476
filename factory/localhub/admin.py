"""What the owner of a Hub does on its directory, with or without a server running on it."""

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from factory.localhub import audit, garbage, organizations
from factory.localhub.accounts import create_token, ensure_user
from factory.localhub.attributes import DEFAULT_ATTRIBUTES, is_large
from factory.localhub.commits import record_commit, store_file, store_large_file
from factory.localhub.errors import HubError
from factory.localhub.repos import Repo, check_name, create_repo, load_repo, repo_of_row
from factory.localhub.revisions import BRANCH, read_commit, read_ref, resolve_revision
from factory.localhub.store import Store, format_seconds, open_existing
from factory.localhub.trees import Entry, add_blob, change_tree, check_path, list_files

_MAIN = f"{BRANCH}main"
_READ_BYTES = 2**20
_TOKEN_ID_CHARACTERS = 12
_SKIPPED_FOLDERS = {".git", ".cache", "__pycache__"}


@dataclass(frozen=True)
class RepoRow:
    """One line of the list of repositories; `bytes` counts the files at the head of main."""

    id: str
    type: str
    private: bool
    sha: str
    bytes: int
    updated: str


@dataclass(frozen=True)
class TokenRow:
    """One line of the list of tokens; no `repos` are all, no `expires` is never."""

    id: str
    user: str
    role: str
    expires: str | None
    repos: list[str] | None


def add_user(
    root: Path, name: str, *, token: str | None = None, role: str = "write", full_name: str | None = None
) -> str:
    """Add a user, or give one that exists another token, and return the token; only its hash is kept.

    Raises a HubError for a name that cannot be a namespace or a role that is neither read nor write.
    """
    with closing(Store(root)) as store, store.transaction() as db:
        user_id = ensure_user(db, name)
        organizations.set_profile(db, name, full_name)
        return create_token(db, user_id, token=token, role=role, label="added by hand")


def add_token(
    root: Path, user: str, *, role: str, repos: Collection[str] | None = None, seconds: float | None = None
) -> str:
    """Give a user another token, for some repositories or a time alone if asked, and return it."""
    for repo in repos or ():
        namespace, _, name = repo.partition("/")
        check_name(namespace, name)
    with closing(Store(root)) as store, store.transaction() as db:
        user_id = ensure_user(db, user)
        label = "added by hand"
        return create_token(db, user_id, token=None, role=role, label=label, repos=repos, seconds=seconds)


def list_tokens(root: Path) -> list[TokenRow]:
    """Return every token that has not been revoked, expired ones too."""
    with closing(open_existing(root)) as store:
        return [
            TokenRow(
                row["digest"][:_TOKEN_ID_CHARACTERS],
                row["name"],
                row["role"],
                format_seconds(int(row["expires"]))[:10] if row["expires"] else None,
                json.loads(row["repos"]) if row["repos"] else None,
            )
            for row in store.db.execute("SELECT tokens.*, name FROM tokens JOIN users ON users.id = user_id")
        ]


def revoke(root: Path, token_id: str) -> None:
    """Revoke the token of that id; raises a HubError when there is none."""
    with closing(open_existing(root)) as store, store.transaction() as db:
        query = "DELETE FROM tokens WHERE substr(digest, 1, ?) = ?"
        if not db.execute(query, (_TOKEN_ID_CHARACTERS, token_id)).rowcount:
            raise HubError(404, f"There is no token '{token_id[:80]}': see hub token list")


def add_organization(
    root: Path, name: str, *, members: Mapping[str, str], full_name: str | None = None, private: bool = False
) -> None:
    """Add an organisation, or members to one that exists: users by name with their role, read, write or admin.

    What is created in a `private` one is private unless asked otherwise. Raises a HubError for a name that is a
    user's, an unknown user or an unknown role.
    """
    with closing(Store(root)) as store, store.transaction() as db:
        ensure_user(db, name, owner=store.default_user)
        if db.execute("SELECT owner_id FROM users WHERE name = ?", (name,)).fetchone()["owner_id"] is None:
            raise HubError(400, f"'{name}' is a user, not an organisation")
        organizations.set_profile(db, name, full_name, private=private)
        for user, role in members.items():
            organizations.add_member(db, name, user, role)


def import_folder(root: Path, folder: Path, repo_id: str, *, repo_type: str = "model") -> str:
    """Make `folder` the content of a repository's main branch in one commit and return the commit's id.

    Creates the repository, and the namespace as an organisation of the default user, when they are missing. The same
    content again makes no new commit. Raises a HubError for a name or path that the Hub would not take.
    """
    if repo_type not in ("model", "dataset", "space"):
        raise HubError(400, f"'{repo_type}' is not a repository type; use model, dataset or space")
    if not folder.is_dir():
        raise HubError(400, f"{folder} is not a folder")
    with closing(Store(root)) as store:
        return _import(store, folder, repo_id, repo_type)


def list_repos(root: Path) -> list[RepoRow]:
    """Return every repository of the Hub, private ones too; raises a FileNotFoundError where there is no Hub."""
    with closing(open_existing(root)) as store:
        repos = map(repo_of_row, store.db.execute("SELECT * FROM repos ORDER BY type, namespace, name").fetchall())
        return [_row(store, repo) for repo in repos]


def verify(root: Path) -> list[str]:
    """Hash every blob again, resolve every ref, commit and tree, and return what is wrong in sentences."""
    with closing(open_existing(root)) as store:
        return audit.find_problems(store)


def collect_garbage(root: Path) -> int:
    """Delete what no ref leads to and no upload under way may need; return the bytes freed."""
    with closing(open_existing(root)) as store:
        return garbage.sweep(store)


def _import(store: Store, folder: Path, repo_id: str, repo_type: str) -> str:
    namespace, _, name = repo_id.partition("/")
    files = {path: _store_path(store, path, file) for path, file in _walk(folder)}
    files.setdefault(".gitattributes", store_file(store, DEFAULT_ATTRIBUTES.encode()))
    with store.transaction() as db:
        owner = None if namespace.lower() == store.default_user.lower() else store.default_user
        ensure_user(db, namespace, owner=owner)
        repo = load_repo(db, repo_type, namespace, name) or create_repo(db, repo_type, namespace, name, private=False)
        for entry in files.values():
            add_blob(db, entry)
            if entry.lfs:
                db.execute("INSERT OR IGNORE INTO uploads VALUES (?, ?)", (repo.id, entry.sha256))
        head = read_ref(db, repo.id, _MAIN)
        tree = change_tree(db, None, files)
        if head is not None and read_commit(db, repo.id, head).tree == tree:
            return head
        author = db.execute(
            "SELECT coalesce(owners.name, users.name) FROM users "
            "LEFT JOIN users AS owners ON owners.id = users.owner_id WHERE users.name = ?",
            (namespace,),
        ).fetchone()[0]
        return record_commit(store, db, repo, _MAIN, tree, head, str(author), f"Import {folder.resolve().name}")


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS)
        for name in sorted(names):
            file = Path(parent, name)
            yield check_path(file.relative_to(folder).as_posix()), file


def _store_path(store: Store, path: str, file: Path) -> Entry:
    size = file.stat().st_size
    with file.open("rb") as opened:
        sample = opened.read(512)
    if not is_large(path, size, sample, DEFAULT_ATTRIBUTES):
        return store_file(store, file.read_bytes())
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        if store.blobs.size(sha256) is None:
            opened.seek(0)
            with store.blobs.receive() as received:
                while chunk := opened.read(_READ_BYTES):
                    received.write(chunk)
                sha256, size = store.blobs.keep(received), received.size
    return store_large_file(sha256, size)


def _row(store: Store, repo: Repo) -> RepoRow:
    commit = resolve_revision(store.db, repo.id, "main")
    sizes = {entry.sha256: entry.size for entry in list_files(store.db, commit.tree).values()}
    return RepoRow(repo.full_name, repo.type, repo.private, commit.oid, sum(sizes.values()), repo.row["updated"])
