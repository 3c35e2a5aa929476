"""Run a Hub as a process of its own: `python -m factory.localhub --root DIR`."""

import argparse
import json
import sys
from pathlib import Path

from factory.localhub.errors import HubError
from factory.localhub.remote import read_remote
from factory.localhub.server import Started, serve


def main() -> None:
    """Serve until a signal; the first line on stdout tells, in JSON, where and with which token."""
    parser = argparse.ArgumentParser(prog="python -m factory.localhub", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="directory that holds the Hub")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=7870, help="port to listen on, 0 for any free one")
    parser.add_argument("--webhook-host", action="append", default=[], help="a host that webhooks may call")
    parser.add_argument("--allow-remote", action="store_true", help="let other machines connect")
    parser.add_argument("--tls-cert", type=Path, help="certificate of the Hub, PEM")
    parser.add_argument("--tls-key", type=Path, help="its key, PEM")
    parser.add_argument("--behind-proxy", action="store_true", help="a proxy in front of the Hub speaks TLS")
    arguments = parser.parse_args()
    try:
        serve(
            arguments.root,
            host=arguments.host,
            port=arguments.port,
            ready=_announce,
            webhook_hosts=arguments.webhook_host,
            remote=read_remote(arguments.allow_remote, arguments.tls_cert, arguments.tls_key, arguments.behind_proxy),
        )
    except HubError as refusal:
        sys.exit(refusal.message)
    except OSError as fault:
        sys.exit(
            f"The Hub cannot serve {arguments.root} on {arguments.host}:{arguments.port}: {fault.strerror or fault}"
        )


def _announce(started: Started) -> None:
    line = {"endpoint": started.endpoint, "token": started.token, "root": str(started.root), "user": started.user}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
