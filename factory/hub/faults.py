"""One table from what the Hub's client raises to a sentence with the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from httpx2 import HTTPError, InvalidURL
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from factory.errors import HubError

FAULTS = (HTTPError, ConnectionError, TimeoutError)  # what the client raises when a Hub refuses or does not answer
KEPT = "what is built is kept: run the same command again"
WRITE = "a token with the permission 'Write access to contents/settings of all repos' (repo.write)"
TRANSIENT = frozenset({408, 409, 412, 425, 429, 500, 502, 503, 504})

SENTENCES: dict[int, str] = {
    400: "{place} refused what was sent ({said}); mend it and run the same command again",
    401: "{place} does not accept the token; create one at /settings/tokens and set HF_TOKEN, or run: hf auth login",
    402: "{place} asks for payment ({said}); see the plan of the account, " + KEPT,
    403: "{place} does not allow that with this token ({said}); use " + WRITE,
    409: "{place} is being changed by somebody else ({said}); " + KEPT,
    412: "{place} was changed by somebody else meanwhile; " + KEPT,
    413: "{place} finds a file too large ({said}); publish fewer rows or a smaller student",
    429: "{place} has had too many requests of this account; wait some minutes, " + KEPT,
}
MISSING: list[tuple[type[Exception], str]] = [  # a kind before those it is a kind of
    (GatedRepoError, "is gated; ask for access on its page, then run the same command again"),
    (RepositoryNotFoundError, "does not exist, or this token may not see it; check the name and the token"),
    (RevisionNotFoundError, "has no such revision; check the branch, tag or commit"),
    (RemoteEntryNotFoundError, "does not exist; check that hf-factory published the repository"),
]


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn whatever goes wrong between here and a Hub into one sentence about `place`, a repository or a Hub.

    Raises HubError.
    """
    try:
        yield
    except HFValidationError as fault:
        raise HubError(f"{place} is not a legal name on the Hub; {_one_line(fault)}") from fault
    except OfflineModeIsEnabled as fault:
        raise HubError(f"{place} cannot be reached while HF_HUB_OFFLINE is set; unset it, {KEPT}") from fault
    except LocalEntryNotFoundError as fault:
        raise HubError(f"{place} is not in the cache, and the Hub does not answer; check the connection") from fault
    except LocalTokenNotFoundError as fault:
        raise HubError(f"{place} needs a token; set HF_TOKEN, or run: hf auth login") from fault
    except InvalidURL as fault:
        raise HubError(f"HF_ENDPOINT is not an address ({_one_line(fault)}); use https://HOST") from fault
    except FAULTS as fault:
        raise HubError(sentence(fault, place)) from fault


def sentence(fault: Exception, place: str) -> str:
    """Return one sentence: what is wrong at `place`, and what to do."""
    status, said = status_of(fault), _said(fault)
    if status is None:
        return f"{place} does not answer ({said}); check the address in HF_ENDPOINT and the connection, {KEPT}"
    for kind, remedy in MISSING:
        if isinstance(fault, kind):
            return f"{place} {remedy}"
    if status in SENTENCES:
        return SENTENCES[status].format(place=place, said=said)
    return f"{place} has trouble ({status}: {said}); {KEPT}"


def status_of(fault: Exception) -> int | None:
    """Return the HTTP status of a refusal, None when there was no answer."""
    status: int | None = getattr(getattr(fault, "response", None), "status_code", None)
    return status


def is_worth_another_look(fault: Exception) -> bool:
    """Whether it may pass, or may have been done though the answer was lost."""
    status = status_of(fault)
    return not isinstance(fault, OfflineModeIsEnabled) and (status is None or status in TRANSIENT)


def _said(fault: Exception) -> str:
    return _one_line(getattr(fault, "server_message", None) or fault)


def _one_line(fault: object) -> str:
    return " ".join(str(fault).split())[:300].rstrip(".") or type(fault).__name__
