"""Nothing that opens somebody's account is published."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from factory.data.personal_data import find_secrets
from factory.data.tables import read_rows
from factory.errors import HubError

TEXT_COLUMNS = ("text", "text_pair")


def check_secrets(folder: Path) -> None:
    """Look through the rows and the recipe of the release in `folder`; raises HubError that names the first secret."""
    remedy = "nothing was published: revoke it, take it out, or set `filter.personal_data` to mask or drop"
    for path in sorted(folder.glob("dataset/**/*.parquet")):
        for place, row in read_rows(path):
            for found in chain.from_iterable(find_secrets(str(row.get(column) or "")) for column in TEXT_COLUMNS):
                raise HubError(f"row {place} of {path.relative_to(folder)} holds a {found.kind}; {remedy}")
    for path in sorted(folder.glob("*/recipe.yaml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for found in find_secrets(line):
                raise HubError(
                    f"line {number} of recipe.yaml holds a {found.kind}; nothing was published: take it out"
                )
