"""Whom a Hub answers: this machine alone, or others too, over TLS or through a proxy that speaks it."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.localhub.errors import HubError


@dataclass(frozen=True)
class Remote:
    """That other machines may connect: with a certificate and its key (PEM), or to a proxy in front of the Hub."""

    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False

    def __post_init__(self) -> None:
        if not self.behind_proxy and not (self.certificate and self.key):
            raise HubError(
                400, "--allow-remote would send tokens in clear: add --tls-cert and --tls-key, or --behind-proxy"
            )

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of uvicorn."""
        return {"ssl_certfile": self.certificate, "ssl_keyfile": self.key} if self.certificate else {}


def read_remote(allowed: bool, certificate: Path | None, key: Path | None, behind_proxy: bool) -> Remote | None:
    """Return what the options of `hub serve` say; raises a HubError for what would be ignored or is not safe."""
    if allowed:
        return Remote(certificate, key, behind_proxy)
    if certificate or key or behind_proxy:
        raise HubError(400, "--tls-cert, --tls-key and --behind-proxy are for other machines: add --allow-remote")
    return None


def check_address(host: str, remote: Remote | None) -> None:
    """Raise a 400 for an address that other machines reach unless that is wanted."""
    if remote is None and not is_loopback(host):
        raise HubError(400, f"{host} can be reached by other machines: use 127.0.0.1, or say so with --allow-remote")


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def find_client(scope: Mapping[str, Any], headers: Mapping[str, str], remote: Remote | None) -> tuple[str, str]:
    """Return the scheme and address that a client uses; a proxy in front of the Hub tells both in headers."""
    scheme, (address, _) = str(scope.get("scheme", "http")), scope.get("client") or ("", 0)
    if remote is None or not remote.behind_proxy:
        return scheme, address
    forwarded = headers.get("x-forwarded-proto", scheme).strip().lower()
    nearest = headers.get("x-forwarded-for", "").rsplit(",", 1)[-1].strip()  # what is left of it the client may invent
    return forwarded if forwarded in ("http", "https") else scheme, nearest or address
