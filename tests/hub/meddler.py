"""A proxy before a Hub that lets a test do something at one chosen request: refuse it, act first, lose the reply."""

from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

LOST = "lose the reply"


@contextmanager
def meddler(endpoint):
    """Yield a server whose `on(method, path_part, act)` list says what happens at which request, once each.

    `act()` runs before the request is passed on; it returns None to pass it on, a status to refuse it, a status and
    the body of another reply, or LOST.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.hub, server.acts = urlsplit(endpoint).netloc, []
    server.endpoint = f"http://127.0.0.1:{server.server_port}"
    server.on = lambda method, part, act: server.acts.append((method, part, act))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self):
        body = self._read_body()
        outcome = self._act()
        if isinstance(outcome, int):
            outcome = (outcome, b'{"error": "refused by the test"}')
        if isinstance(outcome, tuple):
            self._answer(outcome[0], [("Content-Type", "application/json")], outcome[1])
            return
        hub = HTTPConnection(self.server.hub, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
        hub.request(self.command, self.path, body or None, {**headers, "Content-Length": str(len(body))})
        reply = hub.getresponse()
        content, fields = reply.read(), reply.getheaders()
        hub.close()
        if outcome == LOST:
            self.close_connection = True
            return
        self._answer(reply.status, fields, content)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _pass_on

    def _act(self):
        for entry in self.server.acts:
            method, part, act = entry
            if method == self.command and part in self.path:
                self.server.acts.remove(entry)
                return act()
        return None

    def _read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status, fields, content):
        self.send_response_only(status)
        for name, value in fields:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        length = dict((name.lower(), value) for name, value in fields).get("content-length", len(content))
        self.send_header("Content-Length", str(length if self.command == "HEAD" else len(content)))
        self.end_headers()
        self.wfile.write(content if self.command != "HEAD" else b"")

    def log_message(self, *arguments):
        pass
