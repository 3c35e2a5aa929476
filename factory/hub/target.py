"""Which Hub a command talks to: the one of HF_ENDPOINT and HF_TOKEN, or the embedded one."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from factory.errors import HubError
from factory.hub.embedded import Access, embedded_hub
from factory.hub.faults import explained

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HUGGING_FACE = "https://huggingface.co"
OTHER_HUBS = (  # variables that would send a child elsewhere
    *("HF_TOKEN", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HUGGINGFACE_CO_STAGING"),
    *("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"),
)
log = logging.getLogger("factory")


@contextmanager
def open_target() -> Iterator[Target]:
    """Yield the Hub of this environment; without HF_ENDPOINT and a token, the embedded Hub under FACTORY_HOME.

    The embedded Hub starts when it is first asked for and ends with the block.
    """
    endpoint, token = os.environ.get("HF_ENDPOINT", "").rstrip("/"), find_token()
    if endpoint or token:
        yield Target.at(Access(endpoint or HUGGING_FACE, token))
        return
    with ExitStack() as stack:
        root = factory_home() / "hub"
        yield Target("an embedded Hub", str(root), True, lambda: _start(stack, root))


def factory_home() -> Path:
    """Return the root of all state: FACTORY_HOME, or the platform's directory for a user's data."""
    if home := os.environ.get("FACTORY_HOME"):
        return Path(home).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("factory", appauthor=False))


def find_token() -> str | None:
    """Return the token in HF_TOKEN or, unless HF_HUB_DISABLE_IMPLICIT_TOKEN is set, that of `hf auth login`."""
    if token := os.environ.get("HF_TOKEN", "").strip():
        return token
    if os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in ("1", "ON", "YES", "TRUE"):
        return None
    from huggingface_hub import get_token

    return get_token()


@dataclass
class Target:
    """A Hub and the right to use it; nothing is connected or started before something is asked of it.

    `name` is how cards call it; `place` tells it from other Hubs over time, which a loopback address does not.
    """

    name: str
    place: str
    is_embedded: bool
    connect: Callable[[], Access]

    @classmethod
    def at(cls, access: Access) -> Target:
        """Return the Hub that answers at an address."""
        return cls(urlsplit(access.endpoint).netloc, access.endpoint, False, lambda: access)

    @cached_property
    def _access(self) -> Access:
        return self.connect()

    @property
    def endpoint(self) -> str:
        """The address, without a slash at the end."""
        return self._access.endpoint

    @property
    def token(self) -> str | None:
        """The token, if there is one."""
        return self._access.token

    @property
    def user(self) -> str:
        """The token's user; raises HubError without a valid token."""
        return self._access.user or str(self.account["name"])

    @cached_property
    def account(self) -> dict[str, Any]:
        """What the Hub says of the token: user, organisations, role; raises HubError without a valid token."""
        if not self.token:
            raise HubError(f"there is no token for {self.name}; set HF_TOKEN, or run: hf auth login")
        with explained(self.name):
            return self.api.whoami()

    @cached_property
    def api(self) -> HfApi:
        """The client of huggingface_hub for this Hub."""
        from huggingface_hub import HfApi
        from huggingface_hub.utils.tqdm import disable_progress_bars

        if not sys.stderr.isatty():
            disable_progress_bars()
        return HfApi(endpoint=self.endpoint, token=self.token or False, library_name="hf-factory")

    def environment(self) -> dict[str, str]:
        """Return this process's environment, for a child that is to use this Hub by name."""
        inherited = {name: value for name, value in os.environ.items() if name not in OTHER_HUBS}
        token = {"HF_TOKEN": self.token} if self.token else {}
        return {**inherited, **token, "HF_ENDPOINT": self.endpoint}


def _start(stack: ExitStack, root: Path) -> Access:
    log.info("using the embedded Hub in %s", root)
    return stack.enter_context(embedded_hub(root))
