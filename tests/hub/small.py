"""The smallest thing that can be pushed as a release: cards, provenance, a file that tells its release."""

import json

from factory.hub.history import Repo
from factory.release.card_text import front_matter, mark

FIRST, SECOND = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
CARD = {"license": "apache-2.0", "tags": ["hf-factory"]}
REPOS = [
    Repo("dataset", "local/small", "dataset"),
    Repo("model", "local/small-tiny", "model-tiny"),
    Repo("space", "local/small", "space"),
]


def write_small(folder, release, repos=REPOS):
    """Write the folders of a release without rows or weights and return the tag it goes by."""
    for repo in repos:
        place = folder / repo.folder
        place.mkdir(parents=True, exist_ok=True)
        metadata = {**CARD, **({"sdk": "gradio", "app_file": "app.py"} if repo.type == "space" else {})}
        (place / "README.md").write_text(front_matter(metadata) + "\n" + mark(f"# {release}"))
        (place / "content.txt").write_text(release)
        if repo.type != "space":
            (place / "provenance.json").write_text(json.dumps({"release": release}))
    return f"release-{release}"
