"""Every address of the Hub, in the order they are tried."""

from starlette.responses import Response

from factory.localhub import (
    cards,
    collections,
    copies,
    discussions,
    download,
    gates,
    info,
    lfs_download,
    lfs_files,
    lifecycle,
    likes,
    listing,
    organizations,
    pages,
    pull_requests,
    refs,
    smart_http,
    spaces,
    upload,
    webhooks,
    xet,
    xet_download,
)
from factory.localhub.accounts import describe_account
from factory.localhub.calls import Call, reply
from factory.localhub.commits import commit, commit_guard
from factory.localhub.errors import not_implemented, repo_not_found
from factory.localhub.repos import find_repo
from factory.localhub.routing import Endpoint, Route

_REPO = "/api/{type}/{namespace}/{name}"
_XET = "/xet/{instance}/{user}"


def whoami(call: Call) -> Response:
    return reply(describe_account(call.store.db, call.user()))


def _missing_repo(call: Call) -> Response:
    raise repo_not_found()


def _out_of_scope(what: str) -> Endpoint:
    def refuse(call: Call) -> Response:
        if "name" in call.params:
            find_repo(call)
        raise not_implemented(what)

    return refuse


_ACCOUNT = (
    Route("GET", "/api/whoami-v2", whoami),
    Route("POST", "/api/validate-yaml", cards.validate),
    Route("POST", "/api/repos/create", lifecycle.create),
    Route("DELETE", "/api/repos/delete", lifecycle.delete),
    Route("POST", "/api/repos/move", lifecycle.move),
)
_PEOPLE = (
    Route("GET", "/api/settings/webhooks", webhooks.list_webhooks),
    Route("POST", "/api/settings/webhooks", webhooks.create),
    Route("GET", "/api/settings/webhooks/{webhook}", webhooks.show),
    Route("POST", "/api/settings/webhooks/{webhook}", webhooks.change),
    Route("DELETE", "/api/settings/webhooks/{webhook}", webhooks.delete),
    Route("POST", "/api/settings/webhooks/{webhook}/{action}", webhooks.switch),
    Route("GET", "/api/organizations/{organization}/overview", organizations.show),
    Route("GET", "/api/organizations/{organization}/members", organizations.list_members),
    Route("GET", "/api/users/{user}/likes", likes.list_liked),
    Route("GET", f"{_REPO}/likers", likes.list_likers),
    Route("POST", f"{_REPO}/like", likes.like),
    Route("DELETE", f"{_REPO}/like", likes.unlike),
)
_COLLECTIONS = (
    Route("GET", "/api/collections", collections.list_collections),
    Route("POST", "/api/collections", collections.create),
    Route("GET", "/api/collections/{namespace}/{slug}", collections.show),
    Route("PATCH", "/api/collections/{namespace}/{slug}", collections.change),
    Route("DELETE", "/api/collections/{namespace}/{slug}", collections.delete),
    Route("POST", "/api/collections/{namespace}/{slug}/items", collections.add_item),
    Route("PATCH", "/api/collections/{namespace}/{slug}/items/{item}", collections.change_item),
    Route("DELETE", "/api/collections/{namespace}/{slug}/items/{item}", collections.delete_item),
)
_REPOSITORIES = (
    Route("GET", "/api/{type}", info.list_repos),
    Route("GET", _REPO, info.show),
    Route("GET", f"{_REPO}/revision/{{rev}}", info.show),
    Route("PUT", f"{_REPO}/settings", lifecycle.change_settings),
    Route("GET", f"{_REPO}/user-access-request/{{status}}", gates.list_requests),
    Route("POST", f"{_REPO}/user-access-request/grant", gates.grant),
    Route("POST", f"{_REPO}/user-access-request/handle", gates.decide),
    Route("POST", f"{_REPO}/user-access-request/ask", gates.ask),
    Route("GET", f"{_REPO}/auth-check", lifecycle.check_access),
    Route("GET", f"{_REPO}/auth-check/write", lifecycle.check_write_access),
    Route("GET", f"{_REPO}/tree/{{rev}}", listing.tree),
    Route("GET", f"{_REPO}/tree/{{rev}}/{{path*}}", listing.tree),
    Route("GET", f"{_REPO}/treesize/{{rev}}", listing.tree_size),
    Route("GET", f"{_REPO}/treesize/{{rev}}/{{path*}}", listing.tree_size),
    Route("POST", f"{_REPO}/paths-info/{{rev}}", listing.paths_info),
    Route("GET", f"{_REPO}/refs", refs.list_refs),
    Route("GET", f"{_REPO}/commits/{{rev}}", refs.list_commits),
    Route("POST", f"{_REPO}/branch/{{rev}}", refs.create_branch),
    Route("DELETE", f"{_REPO}/branch/{{rev}}", refs.delete_branch),
    Route("POST", f"{_REPO}/tag/{{rev}}", refs.create_tag),
    Route("DELETE", f"{_REPO}/tag/{{rev}}", refs.delete_tag),
    Route("POST", f"{_REPO}/super-squash/{{rev}}", refs.squash),
)
_UPLOADS = (
    Route("POST", f"{_REPO}/preupload/{{rev}}", upload.preupload),
    Route("POST", f"{_REPO}/commit/{{rev}}", commit, commit_guard),
    Route("GET", f"{_REPO}/xet-write-token/{{rev}}", xet.write_token),
    Route("GET", f"{_REPO}/xet-read-token/{{rev}}", xet_download.read_token),
    Route("GET", "/xet/{instance}/read/v1/reconstructions/{hash}", xet_download.describe_file),
    Route("GET", "/xet/parts/{token}", xet_download.send_part),
    Route("POST", f"{_REPO}/duplicate", copies.duplicate),
    Route("GET", f"{_REPO}/lfs-files", lfs_files.list_large_files),
    Route("POST", f"{_REPO}/lfs-files/batch", lfs_files.delete_large_files),
    Route("POST", f"{_REPO}/lfs-files/duplicate", copies.duplicate_files),
    Route("POST", f"{_XET}/v1/xorbs/default/{{hash}}", xet.receive_xorb, xet.xorb_guard),
    Route("POST", f"{_XET}/v1/shards", xet.receive_shard, xet.shard_guard),
    Route("POST", "/{type}/{namespace}/{name}/info/lfs/objects/batch", upload.batch),
    Route("POST", "/{namespace}/{name}/info/lfs/objects/batch", upload.batch),
    Route("GET", "/lfs/{token}", lfs_download.send),
    Route("PUT", "/lfs/{token}", upload.receive, upload.upload_guard),
    Route("POST", "/lfs/{token}", upload.complete, upload.upload_guard),
)
_DISCUSSIONS = (
    Route("GET", f"{_REPO}/discussions", discussions.list_discussions),
    Route("POST", f"{_REPO}/discussions", discussions.create),
    Route("GET", f"{_REPO}/discussions/{{num}}", discussions.show),
    Route("POST", f"{_REPO}/discussions/{{num}}/comment", discussions.comment),
    Route("POST", f"{_REPO}/discussions/{{num}}/title", discussions.rename),
    Route("POST", f"{_REPO}/discussions/{{num}}/status", discussions.change_status),
    Route("POST", f"{_REPO}/discussions/{{num}}/merge", pull_requests.merge),
    Route("POST", f"{_REPO}/discussions/{{num}}/comment/{{comment}}/edit", discussions.edit_comment),
    Route("POST", f"{_REPO}/discussions/{{num}}/comment/{{comment}}/hide", discussions.hide_comment),
)
_SPACES = (
    *(Route("GET", f"{_REPO}/{kind}", spaces.list_values) for kind in spaces.KINDS),
    *(Route("POST", f"{_REPO}/{kind}", spaces.set_value) for kind in spaces.KINDS),
    *(Route("DELETE", f"{_REPO}/{kind}", spaces.delete_value) for kind in spaces.KINDS),
    Route("GET", f"{_REPO}/runtime", spaces.show_runtime),
    *(Route("GET", f"{_REPO}/logs/{kind}", spaces.show_log) for kind in ("build", "run")),
    Route("POST", f"{_REPO}/pause", spaces.pause),
    Route("POST", f"{_REPO}/restart", spaces.restart),
    Route("POST", f"{_REPO}/hardware", spaces.set_hardware),
    Route("POST", f"{_REPO}/sleeptime", spaces.set_sleep_time),
)
_OUT_OF_SCOPE = (
    Route("*", "/api/settings/{path*}", _out_of_scope("This account setting")),
    Route("*", "/api/buckets/{path*}", _out_of_scope("A bucket")),
    Route("*", "/api/jobs/{path*}", _out_of_scope("A job")),
    Route("*", "/api/scheduled-jobs/{path*}", _out_of_scope("A scheduled job")),
    Route("*", "/api/papers/{path*}", _out_of_scope("A paper")),
    Route("*", "/api/kernels/{path*}", _out_of_scope("A kernel repository")),
    Route("*", "/api/users/{path*}", _out_of_scope("A user's profile")),
    Route("*", "/api/organizations/{path*}", _out_of_scope("An organisation's profile")),
    Route("GET", "/api/{type}/{name}", _missing_repo),
    Route("*", _REPO, _out_of_scope("This request")),
    Route("*", f"{_REPO}/{{path*}}", _out_of_scope("This request")),
)
_DOWNLOADS = (
    Route("GET", "/{type}/{namespace}/{name}/info/refs", smart_http.advertise_refs),
    Route("GET", "/{namespace}/{name}/info/refs", smart_http.advertise_refs),
    Route("POST", "/{type}/{namespace}/{name}/git-upload-pack", smart_http.upload_pack),
    Route("POST", "/{namespace}/{name}/git-upload-pack", smart_http.upload_pack),
    Route("GET", "/{type}/{namespace}/{name}/resolve/{rev}/{path*}", download.resolve),
    Route("GET", "/{namespace}/{name}/resolve/{rev}/{path*}", download.resolve),
    Route("GET", "/{name}/resolve/{rev}/{path*}", _missing_repo),
)
ROUTES = (
    *_ACCOUNT, *_PEOPLE, *_COLLECTIONS, *_REPOSITORIES, *_UPLOADS, *_DISCUSSIONS, *_SPACES, *_OUT_OF_SCOPE,
    *_DOWNLOADS, *pages.ROUTES,
)  # fmt: skip
