"""Short-lived signed tokens: what a URL may do, for whom and until when, without a row in the database."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from factory.localhub.errors import HubError


def sign(secret: bytes, purpose: str, claims: dict[str, Any], *, seconds: int) -> str:
    """Return a token that carries `claims` for `seconds` seconds and is good for `purpose` alone."""
    payload = {**claims, "purpose": purpose, "exp": int(time.time()) + seconds}
    body = _encode(json.dumps(payload, separators=(",", ":"), sort_keys=True).encode())
    return f"{body}.{_encode(_mac(secret, body))}"


def read_signed(secret: bytes, purpose: str, token: str) -> dict[str, Any]:
    """Return the claims of a token, or raise a 401 when it is forged, expired or meant for another purpose."""
    body, _, signature = token.partition(".")
    if not hmac.compare_digest(_encode(_mac(secret, body)).encode(), signature.encode("utf-8", "replace")):
        raise HubError(401, "The signed token is not valid")
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if claims["purpose"] != purpose or claims["exp"] < time.time():
        raise HubError(401, "The signed token has expired or is meant for something else")
    return claims


def _mac(secret: bytes, body: str) -> bytes:
    return hmac.digest(secret, body.encode("utf-8", "replace"), hashlib.sha256)


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
