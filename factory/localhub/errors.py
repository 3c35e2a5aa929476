"""What the Hub refuses: a status, a sentence and the `X-Error-Code` by which clients choose their exception."""


class HubError(Exception):
    """A refusal that becomes an HTTP response; `body` holds extra JSON keys that clients read from it."""

    def __init__(self, status: int, message: str, code: str = "", **body: object) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.body = body
        self.headers: dict[str, str] = {}


class Moved(HubError):
    """The repository has another name now: the client is sent to `location`, relative to the server."""

    def __init__(self, location: str) -> None:
        super().__init__(307, f"Temporary Redirect. Redirecting to {location}")
        self.location = location


def repo_not_found() -> HubError:
    """Missing and private look the same on purpose: whether a private repository exists is nobody's business."""
    return HubError(404, "Repository not found", "RepoNotFound")


def revision_not_found(revision: str) -> HubError:
    return HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def entry_not_found(path: str) -> HubError:
    return HubError(404, f"Entry not found: {path}", "EntryNotFound")


def unauthorized(message: str = "Invalid username or password.") -> HubError:
    return HubError(401, message)


def forbidden(message: str) -> HubError:
    return HubError(403, message)


def not_implemented(what: str) -> HubError:
    return HubError(501, f"{what} is out of scope of the embedded Hub; use huggingface.co for it", "NotImplemented")
