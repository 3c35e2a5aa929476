"""Merging a pull request: the files it changed, on top of what its base has become."""

from starlette.responses import Response

from factory.localhub.calls import Call, reply
from factory.localhub.commits import record_commit
from factory.localhub.conflicts import changes_of, find_conflicts
from factory.localhub.discussions import describe_event, find_discussion, record_event
from factory.localhub.errors import HubError
from factory.localhub.repos import find_repo
from factory.localhub.revisions import resolve_revision
from factory.localhub.trees import change_tree


def merge(call: Call) -> Response:
    """Merge a pull request into its base as one commit; raises a 409 when both changed the same file."""
    repo, account = find_repo(call, "write"), call.user()
    with call.store.transaction() as db:
        row = find_discussion(db, repo.id, call.params["num"])
        if row["base"] is None or row["status"] not in ("open", "draft"):
            raise HubError(400, "Only an open pull request can be merged")
        base = resolve_revision(db, repo.id, row["base"])
        conflicts = find_conflicts(db, repo, row)
        if conflicts:
            raise HubError(409, f"This pull request conflicts with its base in: {', '.join(conflicts)}")
        tree = change_tree(db, base.tree, changes_of(db, repo, row))
        message = f"{row['title']} (#{row['num']})"
        oid = record_commit(call.store, db, repo, row["base"], tree, base.oid, account.name, message)
        db.execute("UPDATE discussions SET status = 'merged', merge_oid = ? WHERE id = ?", (oid, row["id"]))
        comment = call.json().get("comment")
        event = record_event(db, row["id"], "status-change", account.name, {"status": "merged", "reason": comment})
    return reply({"newStatus": describe_event(call.store.db, event), "mergeCommitId": oid})
