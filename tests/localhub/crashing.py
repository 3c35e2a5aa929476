"""Kill the Hub at random moments while many write to it, and look for what is lost.

By hand: `python -m tests.localhub.crashing --kills 200`. Every commit that was acknowledged must read back byte for
byte after the next start, and `verify` must find nothing.
"""

import argparse
import base64
import hashlib
import http.client
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from factory.localhub.admin import add_user, verify

ROOT = Path(__file__).parents[2]
WRITERS, REPOS = 16, 4
SERVE = (sys.executable, "-m", "factory.localhub", "--port", "0", "--root")


@dataclass
class Ledger:
    """What was said to be stored, and for each writer what its files may be: acknowledged last, or sent after that."""

    commits: dict = field(default_factory=dict)
    allowed: dict = field(default_factory=dict)
    written: set = field(default_factory=set)
    faults: list = field(default_factory=list)


class Writer:
    """A client of its own: commits a small and a large file by the raw protocol over one connection."""

    def __init__(self, number, endpoint, token, ledger, seed):
        address = urlsplit(endpoint)
        self.repo, self.name = f"writer/r{number % REPOS}", f"w{number}"
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        self._endpoint, self._token, self._ledger, self._random = endpoint, token, ledger, random.Random(seed)

    def run(self):
        """Commit until the connection breaks."""
        with suppress(OSError, http.client.HTTPException):
            while True:
                self._commit()
        self._connection.close()

    def _commit(self):
        small, large = self._random.randbytes(40), self._random.randbytes(self._random.choice((900, 40_000)))
        files = {f"{self.name}/small.txt": small, f"{self.name}/large.bin": large}
        self._ledger.allowed.setdefault((self.repo, self.name), []).append(files)
        if not self._upload(large):
            return
        header = {"key": "header", "value": {"summary": f"from {self.name}"}}
        content = base64.b64encode(small).decode()
        first, second = files
        line = {"key": "file", "value": {"path": first, "content": content, "encoding": "base64"}}
        pointer = {"path": second, "algo": "sha256", "oid": hashlib.sha256(large).hexdigest(), "size": len(large)}
        lines = [header, line, {"key": "lfsFile", "value": pointer}]
        body = "\n".join(map(json.dumps, lines)).encode()
        status, answer = self._request("POST", f"/api/models/{self.repo}/commit/main", body)
        if status == 200:
            self._ledger.commits[self.repo, json.loads(answer)["commitOid"]] = files
            self._ledger.allowed[self.repo, self.name] = [files]
            self._ledger.written.add((self.repo, self.name))
        elif status != 409:
            self._ledger.faults.append(f"a commit was answered with {status}: {answer[:200]!r}")

    def _upload(self, content):
        large = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}
        batch = {"operation": "upload", "objects": [large]}
        status, answer = self._request("POST", f"/{self.repo}.git/info/lfs/objects/batch", json.dumps(batch).encode())
        if status != 200:
            self._ledger.faults.append(f"a batch was answered with {status}: {answer[:200]!r}")
            return False
        href = json.loads(answer)["objects"][0]["actions"]["upload"]["href"].removeprefix(self._endpoint)
        status, answer = self._request("PUT", href, content)
        if status != 200:
            self._ledger.faults.append(f"an upload was answered with {status}: {answer[:200]!r}")
        return status == 200

    def _request(self, method, path, body=None):
        return request(self._connection, method, path, self._token, body)


def request(connection, method, path, token, body=None):
    """Send one request over an open connection and return its status and body."""
    connection.request(method, path, body=body, headers={"Authorization": f"Bearer {token}"})
    response = connection.getresponse()
    return response.status, response.read()


def crash(root, kills, *, seed=0, report=lambda line: None):
    """Kill a Hub on `root` that many times and return the commits acknowledged and what was found wrong."""
    chosen, ledger = random.Random(seed), Ledger()
    token = add_user(root, "writer")
    problems, checked = [], set()
    for kill in range(1, kills + 1):
        with _running(root) as (process, endpoint):
            problems += _check(endpoint, token, ledger, checked)
            writers = [Writer(n, endpoint, token, ledger, chosen.random()) for n in range(WRITERS)]
            threads = [threading.Thread(target=writer.run) for writer in writers]
            for thread in threads:
                thread.start()
            time.sleep(chosen.uniform(0.02, 2.0))
            process.kill()
            for thread in threads:
                thread.join()
        problems += verify(root) + ledger.faults
        report(f"kill {kill}: {len(ledger.commits)} commits acknowledged, {len(problems)} problems")
        if problems:
            break
    with _running(root) as (_, endpoint):
        problems += _check(endpoint, token, ledger, set())
    return len(ledger.commits), problems


@contextmanager
def _running(root):
    with subprocess.Popen([*SERVE, str(root)], stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            yield process, json.loads(process.stdout.readline())["endpoint"]
        finally:
            process.kill()


def _check(endpoint, token, ledger, checked):
    """Return what is wrong with the commits that were not checked yet and with the head of each repository."""
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    problems = []
    for number in range(REPOS):
        body = json.dumps({"name": f"r{number}"}).encode()
        status, _ = request(connection, "POST", "/api/repos/create", token, body)
        if status not in (200, 409):
            problems.append(f"creating a repository was answered with {status}")
    for (repo, oid), files in [item for item in ledger.commits.items() if item[0] not in checked]:
        problems += _compare(connection, token, f"/{repo}/resolve/{oid}", [files])
        checked.add((repo, oid))
    for repo, name in sorted(ledger.written):
        problems += _compare(connection, token, f"/{repo}/resolve/main", ledger.allowed[repo, name])
    connection.close()
    return problems


def _compare(connection, token, folder, allowed):
    found = {path: request(connection, "GET", f"{folder}/{path}", token)[1] for path in allowed[0]}
    return [] if found in allowed else [f"{folder}: {sorted(found)} is not what was committed last"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commits, problems = crash(Path(folder), arguments.kills, seed=arguments.seed, report=_say)
    for problem in problems:
        _say(problem)
    _say(f"{commits} acknowledged commits, {len(problems)} problems")
    sys.exit(bool(problems))


def _say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
