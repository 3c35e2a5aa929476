"""Hostile requests to a real Hub, as many as fit into some time: `python -m tests.localhub.fuzzing --seconds 60`.

Requests are drawn from the Hub's own table of routes, with paths, queries, headers and bodies that are right, nearly
right or hostile, by a stranger, by somebody with a token, and by the holder of tokens for one upload. No answer is a
500, tells of a fault inside, has a header or a script that a request put there, or a word of what is private.
"""

import argparse
import base64
import hashlib
import json
import random
import re
import socket
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from factory.localhub.admin import add_user, verify
from factory.localhub.errors import HubError
from factory.localhub.routes import ROUTES
from factory.localhub.routing import find_route
from tests.localhub.conftest import start_hub
from tests.localhub.hostile import Known, draw_request

SECRET = b"words-that-nobody-else-may-read " * 40  # in small and in large files, in secrets and in discussions
VEILED, UNSAID = "veiled", "unsaid-7c1e"  # private repositories: requests name the one and never the other
REFUSED = {500, 502, 503}
INSIDE = (b"Traceback (most recent", b"site-packages", b"sqlite3.", b'File "')
EXAMPLES = 200


@dataclass
class Fuzzer:
    """A Hub with something private on it, what requests may know of it, and how many were answered how."""

    hub: object
    known: Known
    statuses: Counter

    def send(self, request):
        """Send one request and check what is answered."""
        answer = exchange(self.hub.endpoint, request).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        status = int(head.split(None, 2)[1]) if head.startswith(b"HTTP/1.1 ") else 0
        self.statuses[status] += 1
        assert status not in REFUSED, (status, body[:300])
        names = [line.partition(b":")[0].strip().lower() for line in re.split(rb"[\r\n]", head)]
        assert b"x-injected" not in names, head
        for word in (
            SECRET[:31],
            base64.b64encode(SECRET)[:40],
            UNSAID.encode(),
            str(self.hub.root).encode(),
            *INSIDE,
        ):
            assert word not in head + body, word
        if b"content-type: text/html" in head.lower():
            assert b"<script>alert" not in body
        assert not (200 <= status < 300 and names_private(request)), status

    def finish(self):
        """Check that the Hub still answers and that what it keeps is whole."""
        assert self.hub.request("GET", "/api/whoami-v2", user="bob").status == 200
        for kind in ("models", "datasets", "spaces"):
            for path in (f"/{kind}", f"/{'' if kind == 'models' else f'{kind}/'}bob/{self.known.open}"):
                answer = self.hub.request("GET", path, user="bob", headers={"Accept": "text/html"})
                assert answer.status in (200, 404), (path, answer.body)
            repo = f"/api/{kind}/bob/{self.known.open}"
            for path in (
                repo,
                f"/api/{kind}?full=1&config=1&cardData=1",
                f"{repo}/discussions",
                f"{repo}/discussions/1",
            ):
                answer = self.hub.request("GET", path, user="bob")
                assert answer.status in (200, 307, 404), (path, answer.body)
        api = self.hub.api("alice")
        assert api.list_repo_files(f"alice/{UNSAID}") == [".gitattributes", "README.md", "w.bin"]
        assert self.hub.read(f"alice/{UNSAID}", "w.bin") == SECRET
        assert verify(self.hub.root) == []


def fuzz(root, *, rounds=1, examples=EXAMPLES, seconds=0.0, first_seed=0, report=lambda line: None):
    """Send rounds of requests, more until that many seconds have passed; return how many had which status."""
    tokens = {name: add_user(root, name) for name in ("alice", "bob")}
    started, number = time.monotonic(), 0
    with start_hub(root) as hub:
        hub.tokens.update(tokens)
        hide(hub)
        statuses = Counter()
        while number < rounds or time.monotonic() - started < seconds:
            fuzzer = Fuzzer(hub, prepare(hub, number), statuses)
            run_round(fuzzer, first_seed + number, examples)
            fuzzer.finish()
            report(f"seed {first_seed + number}: {dict(statuses.most_common())}")
            number += 1
    return statuses


def run_round(fuzzer, number, examples):
    quiet = list(HealthCheck)
    phases = (Phase.generate, Phase.shrink)

    @seed(number)
    @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=quiet, phases=phases)
    @given(st.randoms(use_true_random=False))
    def send(chance):
        request = draw_request(chance, fuzzer.known)
        note(f"{request.method} {request.path} {request.headers} {request.framing} {request.body[:300]!r}")
        fuzzer.send(request)

    send()


def hide(hub):
    """Give alice what nobody else may see."""
    oid = hashlib.sha256(SECRET).hexdigest()
    for repo_type in ("model", "dataset", "space"):
        for name in (VEILED, UNSAID):
            extra = {"space_sdk": "gradio"} if repo_type == "space" else {}
            hub.api().create_repo(f"alice/{name}", repo_type=repo_type, private=True, **extra)
            hub.commit(f"alice/{name}", {"README.md": SECRET}, api=f"{repo_type}s")
            hub.api().create_discussion(f"alice/{name}", UNSAID, description=SECRET.decode(), repo_type=repo_type)
    hub.request("PUT", plan_upload(hub, f"alice/{UNSAID}", "alice", SECRET), body=SECRET)
    large = {"key": "lfsFile", "value": {"path": "w.bin", "algo": "sha256", "oid": oid}}
    lines = "\n".join(map(json.dumps, ({"key": "header", "value": {"summary": UNSAID}}, large)))
    hub.request("POST", f"/api/models/alice/{UNSAID}/commit/main", user="alice", body=lines.encode())
    hub.api().add_space_secret(f"alice/{VEILED}", "KEY", SECRET.decode())
    collection = hub.api().create_collection(UNSAID, namespace="alice", private=True)
    hub.api().add_collection_item(collection.slug, f"alice/{UNSAID}", "model")


def prepare(hub, number):
    """Give bob fresh repositories and return what a request may know."""
    api, name = hub.api("bob"), f"open-{number}"
    for repo_type in ("model", "dataset", "space"):
        extra = {"space_sdk": "gradio"} if repo_type == "space" else {}
        api.create_repo(f"bob/{name}", repo_type=repo_type, exist_ok=True, **extra)
    commit = hub.commit(f"bob/{name}", {"README.md": "# Open\n", "a/b.txt": "b"}, user="bob").json()["commitOid"]
    event = api.create_discussion(f"bob/{name}", title="A question", description="Words").events[0]
    api.create_pull_request(f"bob/{name}", title="A proposal")
    xet = hub.request("GET", f"/api/models/bob/{name}/xet-write-token/main", user="bob").json()
    slug = api.create_collection(f"Open {number}", namespace="bob").slug
    item = api.add_collection_item(slug, f"bob/{name}", "model").items[0]
    watched = [{"type": "user", "name": "alice"}]
    webhook = next(iter(api.list_webhooks()), None) or api.create_webhook(url="http://127.0.0.1:9/", watched=watched)
    instance, user = xet["casUrl"].split("/")[-2:]
    return Known(
        open=name,
        veiled=VEILED,
        tokens={"bob": hub.tokens["bob"], "xet": xet["accessToken"]},
        lfs=plan_upload(hub, f"bob/{name}", "bob", b"large").rpartition("/")[2],
        instance=instance,
        user=user,
        oids=(commit, hashlib.sha256(SECRET).hexdigest()),
        ids=(event.id, item.item_object_id, webhook.id),
        slug=slug.split("/")[1],
        host=urlsplit(hub.endpoint).netloc,
    )


def plan_upload(hub, repo_id, user, content):
    """Return the address to which a large file is to be sent."""
    objects = [{"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}]
    batch = {"operation": "upload", "objects": objects}
    plan = hub.request("POST", f"/{repo_id}.git/info/lfs/objects/batch", user=user, body=batch).json()
    return plan["objects"][0]["actions"]["upload"]["href"].removeprefix(hub.endpoint)


def names_private(request):
    """Whether a request is for a repository that its sender may not see."""
    path = request.path.partition("?")[0]
    try:
        route, params = find_route(ROUTES, request.method, path)
    except HubError:
        return False
    return (
        "{name}" in route.path and params.get("namespace") == "alice" and params["name"] in (VEILED, f"{VEILED}.git")
    )


def exchange(endpoint, request):
    """Send a request as it is and return what comes back until the Hub hangs up or, for half a one, says no more."""
    address = urlsplit(endpoint)
    received = bytearray()
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        with suppress(ConnectionError):
            connection.sendall(request.encode())
        connection.settimeout(0.2 if request.is_incomplete else 60)
        try:
            while block := connection.recv(2**16):
                received += block
        except ConnectionError:
            pass
        except TimeoutError:
            assert request.is_incomplete, "the Hub does not answer"
    return bytes(received)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.localhub.fuzzing", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        statuses = fuzz(Path(folder), seconds=arguments.seconds, first_seed=arguments.seed, report=_say)
    _say(f"{statuses.total()} requests, no fault")


def _say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
