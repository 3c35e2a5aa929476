"""What the card of a repository says of its licence, on the Hub that the repository comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from factory.errors import HubError
from factory.hub.faults import explained
from factory.hub.fetch import Fetcher, find_info
from factory.release.card_text import read_card

FACTS = ("license", "license_name", "license_link")
Json = dict[str, Any]


def fetch_license(repo_type: str, repo_id: str, revision: str, source: Fetcher, *, out: Path) -> None:
    """Write license.json: what the card of a repository says of its licence, null where it says nothing.

    Raises HubError when no Hub that answers has the repository, nor the cache its card.
    """
    (out / "license.json").write_text(json.dumps(_ask(repo_type, repo_id, revision, source), indent=1) + "\n")


def read_license(path: Path) -> Json:
    """Return what license.json says, or the metadata of a card in a file."""
    text = path.read_text(encoding="utf-8")
    found: Json = json.loads(text) if path.suffix == ".json" else read_card(text).metadata
    return {name: found.get(name) for name in FACTS}


def _ask(repo_type: str, repo_id: str, revision: str, source: Fetcher) -> Json:
    from huggingface_hub import try_to_load_from_cache

    for place in source.places():
        with explained(f"the licence of {repo_id} on {place.name}"):
            info = find_info(place, repo_id, repo_type, revision)
        if info:
            return {name: getattr(info.card_data, name, None) for name in FACTS}
    cached = try_to_load_from_cache(repo_id, "README.md", revision=revision, repo_type=repo_type)
    if not isinstance(cached, str):
        raise HubError(f"the licence of {repo_id} is not known: no Hub that answers has it; check the connection")
    return read_license(Path(cached))
