"""Likes: which users said that they like which repositories."""

import sqlite3

from starlette.responses import Response

from factory.localhub.accounts import find_full_name
from factory.localhub.calls import Call, reply
from factory.localhub.errors import HubError
from factory.localhub.repos import find_repo, repo_of_row
from factory.localhub.store import timestamp


def like(call: Call) -> Response:
    """Like a repository that the caller may see."""
    repo, account = find_repo(call, "propose"), call.user()
    with call.store.transaction() as db:
        db.execute("INSERT OR IGNORE INTO likes VALUES (?, ?, ?)", (repo.id, account.id, timestamp()))
    return reply({})


def unlike(call: Call) -> Response:
    """Take a like back; there need not be one."""
    repo, account = find_repo(call, "propose"), call.user()
    with call.store.transaction() as db:
        db.execute("DELETE FROM likes WHERE repo_id = ? AND user_id = ?", (repo.id, account.id))
    return reply({})


def list_likers(call: Call) -> Response:
    """List who likes a repository."""
    repo, db = find_repo(call), call.store.db
    query = "SELECT name FROM likes JOIN users ON users.id = user_id WHERE repo_id = ? ORDER BY likes.created, name"
    names = [name for (name,) in db.execute(query, (repo.id,))]
    return reply([{"avatarUrl": "", "user": name, "fullname": find_full_name(db, name)} for name in names])


def list_liked(call: Call) -> Response:
    """List what a user likes, of that what the caller may see."""
    db, user = call.store.db, call.params["user"]
    if db.execute("SELECT 1 FROM users WHERE name = ?", (user,)).fetchone() is None:
        raise HubError(404, "User not found")
    rows = db.execute(
        "SELECT repos.*, likes.created AS liked FROM likes JOIN repos ON repos.id = repo_id "
        "JOIN users ON users.id = likes.user_id WHERE users.name = ? ORDER BY likes.created DESC",
        (user,),
    )
    liked = [(repo_of_row(row), row["liked"]) for row in rows]
    return reply(
        [
            {"createdAt": created, "repo": {"name": repo.full_name, "type": repo.type}}
            for repo, created in liked
            if repo.is_visible_to(call.account)
        ]
    )


def count_likes(db: sqlite3.Connection) -> dict[int, int]:
    """Return how many like a repository, by its id, for those that somebody likes."""
    return dict(db.execute("SELECT repo_id, count(*) FROM likes GROUP BY repo_id").fetchall())
