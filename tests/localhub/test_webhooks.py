"""Webhooks: kept as huggingface_hub's API wants them, delivered over HTTP to nobody but those allowed."""

import json
import queue
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from factory.localhub.accounts import ensure_user
from factory.localhub.deliveries import LOOPBACK, Sender
from factory.localhub.store import Store

WAIT_SECONDS = 30
pydantic = pytest.importorskip("pydantic")


@pytest.fixture
def listener():
    """A server that gives what it was sent and answers with the statuses in `answers`, then with 200."""
    received, answers = queue.Queue(), queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.put((self.path, dict(self.headers), body))
            self.send_response(answers.get() if answers.qsize() else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.received, server.answers = received, answers
    server.url = f"http://127.0.0.1:{server.server_port}/hook?x=1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def webhook(hub, listener):
    made = hub.api().create_webhook(
        url=listener.url, watched=[{"type": "user", "name": "alice"}], domains=["repo", "discussion"], secret="s3cret"
    )
    yield made
    hub.api().delete_webhook(made.id)


def events(listener, count):
    payloads = [listener.received.get(timeout=WAIT_SECONDS)[2] for _ in range(count)]
    return [f"{p['event']['action']} {p['event']['scope']}" for p in payloads], payloads


def test_a_repository_tells_of_its_life(hub, listener, webhook):
    repo_id, api = hub.repo(), hub.api()
    hub.commit(repo_id, {"a.txt": "a"})
    api.create_tag(repo_id, tag="v1")
    api.move_repo(repo_id, f"{repo_id}-moved")
    api.delete_repo(f"{repo_id}-moved")
    told, payloads = events(listener, 6)
    assert told == [
        "create repo",
        "update repo.content",
        "update repo.content",
        "update repo.content",
        "move repo",
        "delete repo",
    ]
    assert payloads[2]["updatedRefs"][0]["ref"] == "refs/heads/main"
    assert payloads[2]["updatedRefs"][0]["newSha"] == payloads[2]["repo"]["headSha"]
    assert payloads[3]["updatedRefs"][0]["ref"] == "refs/tags/v1"
    assert payloads[4]["movedTo"]["name"] == f"{repo_id}-moved"


def test_the_payload_is_what_huggingface_hub_reads(hub, listener, webhook):
    from huggingface_hub import WebhookPayload

    repo_id, api = hub.repo(), hub.api()
    discussion = api.create_discussion(repo_id, "A question")
    api.comment_discussion(repo_id, discussion.num, comment="An answer")
    api.change_discussion_status(repo_id, discussion.num, "closed")
    told, payloads = events(listener, 5)
    assert told[2:] == ["create discussion", "create discussion.comment", "update discussion"]
    read = [WebhookPayload(**payload) for payload in payloads]
    assert read[3].comment.content == "An answer"
    assert read[3].comment.url.web == f"{read[3].discussion.url.web}#{read[3].comment.id}"
    assert read[4].discussion.status == "closed"
    assert read[0].repo.url.web == f"{hub.endpoint}/{repo_id}"


def test_the_secret_and_the_query_arrive(hub, listener, webhook):
    hub.repo()
    path, headers, _ = listener.received.get(timeout=WAIT_SECONDS)
    assert path == "/hook?x=1"
    assert headers["X-Webhook-Secret"] == "s3cret"


def test_a_delivery_that_fails_is_tried_again_and_a_redirect_is_not_followed(hub, listener, webhook):
    listener.answers.put(307)
    hub.repo()
    tried = [listener.received.get(timeout=WAIT_SECONDS) for _ in range(3)]
    created = [path for path, _, body in tried if body["event"]["action"] == "create"]
    assert created == ["/hook?x=1", "/hook?x=1"]


def test_one_that_is_disabled_or_watches_another_is_told_nothing(hub, listener, webhook):
    api = hub.api()
    assert api.disable_webhook(webhook.id).disabled
    hub.repo()
    api.update_webhook(webhook.id, watched=[{"type": "model", "name": "alice/only"}], domains=["repo"])
    assert not api.enable_webhook(webhook.id).disabled
    hub.repo()
    api.create_repo("alice/only")
    _, payloads = events(listener, 1)
    assert payloads[0]["repo"]["name"] == "alice/only"


def test_who_may_not_see_a_private_repository_is_not_told_of_it(hub, listener):
    bob = hub.api("bob")
    made = bob.create_webhook(url=listener.url, watched=[{"type": "user", "name": "alice"}], domains=["repo"])
    hub.repo(private=True)
    public = hub.repo()
    _, payloads = events(listener, 1)
    assert payloads[0]["repo"]["name"] == public
    bob.delete_webhook(made.id)


def test_only_loopback_and_named_hosts_are_called(hub):
    made = hub.api().create_webhook(url="http://192.0.2.1/x", watched=[{"type": "user", "name": "alice"}])
    hub.repo()
    for _ in range(WAIT_SECONDS * 10):
        trouble = hub.request("GET", f"/api/settings/webhooks/{made.id}", user="alice").json()["webhook"]["lastError"]
        if trouble:
            break
        threading.Event().wait(0.1)
    assert "--webhook-host" in trouble
    hub.api().delete_webhook(made.id)


def test_nobody_sees_or_changes_the_webhook_of_another(hub, webhook):
    assert hub.request("GET", f"/api/settings/webhooks/{webhook.id}", user="bob").status == 404
    assert hub.request("DELETE", f"/api/settings/webhooks/{webhook.id}", user="bob").status == 404
    assert hub.request("POST", f"/api/settings/webhooks/{webhook.id}/disable", user="reader").status == 403
    assert hub.request("GET", "/api/settings/webhooks").status == 401
    assert hub.api("bob").list_webhooks() == []


@pytest.mark.parametrize(
    "change",
    [
        {"url": "file:///etc/passwd"},
        {"url": "http://user:password@127.0.0.1/"},
        {"url": "http://127.0.0.1:99999/"},
        {"url": "http://127.0.0.1/caf\u00e9"},
        {"url": "http://127.0.0.1/a b\r\nX: y"},
        {"watched": []},
        {"watched": [{"type": "bucket", "name": "a"}]},
        {"domains": ["billing"]},
        {"secret": "line\r\nbreak"},
    ],
)
def test_what_could_not_be_delivered_is_refused(hub, change):
    body = {"url": "http://127.0.0.1/", "watched": [{"type": "user", "name": "alice"}], **change}
    assert hub.request("POST", "/api/settings/webhooks", user="alice", body=body).status == 400


def test_a_webhook_that_starts_a_job_is_out_of_scope(hub):
    api = HfApi(endpoint=hub.endpoint, token=hub.tokens["alice"])
    with pytest.raises(HfHubHTTPError, match="501"):
        api.create_webhook(job_id="abc", watched=[{"type": "user", "name": "alice"}])


def test_a_database_that_fails_for_a_while_stops_no_delivery(tmp_path, listener, caplog):
    with closing(Store(tmp_path)) as store:
        sender = Sender(store, "http://127.0.0.1:7870", LOOPBACK)
        store.db.execute("ALTER TABLE deliveries RENAME TO away")
        sender.start()
        try:
            wait_for(lambda: "webhooks wait for the database: no such table" in caplog.text)
            store.db.execute("ALTER TABLE away RENAME TO deliveries")
            queue_delivery(store, listener.url)
            assert listener.received.get(timeout=WAIT_SECONDS)[2] == {"event": "first"}
            wait_for(lambda: store.db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0)
        finally:
            sender.stop()


def test_an_attempt_that_cannot_be_counted_is_not_made(tmp_path, listener, caplog):
    with closing(Store(tmp_path)) as store:
        queue_delivery(store, listener.url)
        store.db.execute("CREATE TRIGGER full BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'full'); END")
        sender = Sender(store, "http://127.0.0.1:7870", LOOPBACK)
        sender.start()
        try:
            wait_for(lambda: "webhooks wait for the database: full" in caplog.text)
            assert listener.received.empty()
            store.db.execute("DROP TRIGGER full")
            assert listener.received.get(timeout=WAIT_SECONDS)[2] == {"event": "first"}
        finally:
            sender.stop()


def queue_delivery(store, url):
    with store.transaction() as db:
        user_id = ensure_user(db, "local")
        db.execute("INSERT INTO webhooks (user_id, url, watched, domains) VALUES (?, ?, '[]', '[]')", (user_id, url))
        values = (json.dumps({"event": "first"}), time.time())
        db.execute("INSERT INTO deliveries (webhook_id, payload, due) VALUES (1, ?, ?)", values)


def wait_for(happened):
    until = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.05)
