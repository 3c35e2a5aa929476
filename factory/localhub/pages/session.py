"""Signing in with a token, for private repositories: a signed cookie that lets a browser read and nothing else."""

from dataclasses import replace
from urllib.parse import parse_qs

from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response

from factory.localhub.accounts import Account, digest_token, find_account
from factory.localhub.calls import Call
from factory.localhub.errors import HubError, forbidden
from factory.localhub.pages.rendering import is_for_programs, render
from factory.localhub.signing import read_signed, sign
from factory.localhub.store import Store

_PURPOSE = "session"
_SECONDS = 12 * 3600
_MAX_FORM_BYTES = 8192


def read_session(call: Call) -> Account | None:
    """Return who signed in, with a role that reads only; the API itself knows tokens alone.

    The cookie holds the token's digest, so a session ends with its token.
    """
    cookie = call.headers.get("cookie")
    if not cookie or call.method not in ("GET", "HEAD") or is_for_programs(call):
        return None
    signed = cookie_parser(cookie).get(_cookie(call.store))
    try:
        claims = read_signed(call.store.secret, _PURPOSE, signed) if signed else None
    except HubError:
        return None
    account = find_account(call.store.db, claims["token"]) if claims else None
    return replace(account, role="read") if account else None


def show_sign_in(call: Call) -> Response:
    return render(call, "sign_in.html", target=_local(call.query.get("next", "/")), wrong=False)


def sign_in(call: Call) -> Response:
    """Exchange a token for a session and go on to where the visitor came from."""
    form = _read_form(call)
    target, digest = _local(form.get("next", "/")), digest_token(form.get("token", "").strip())
    if find_account(call.store.db, digest) is None:
        return render(call, "sign_in.html", 403, target=target, wrong=True)
    response = RedirectResponse(target, 303)
    signed = sign(call.store.secret, _PURPOSE, {"token": digest}, seconds=_SECONDS)
    response.set_cookie(_cookie(call.store), signed, httponly=True, samesite="strict", secure=call.scheme == "https")
    return response


def sign_out(call: Call) -> Response:
    _read_form(call)
    response = RedirectResponse("/", 303)
    response.delete_cookie(_cookie(call.store), httponly=True, samesite="strict")
    return response


def _cookie(store: Store) -> str:
    """Return a name of this Hub's own: browsers give one cookie jar to all ports of a host."""
    return f"hub-session-{store.instance}"


def _read_form(call: Call) -> dict[str, str]:
    if call.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise forbidden("This form was sent from another site")
    if len(call.body) > _MAX_FORM_BYTES:
        raise HubError(413, f"The form is larger than {_MAX_FORM_BYTES} bytes")
    return {name: values[0] for name, values in parse_qs(call.body.decode(errors="replace")).items()}


def _local(target: str) -> str:
    """Return a path of this Hub, `/` for anything that could lead elsewhere."""
    is_path = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if is_path and target.isprintable() else "/"
