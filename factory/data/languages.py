"""Tell whether a text is in another language than it should be, where that is beyond doubt."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_CHARACTERS = 20
MIN_CONFIDENCE = 0.9


def is_in_another_language(text: str, language: str) -> bool:
    """Return whether `text` is surely not in `language`, an ISO 639 code; never so for a language nobody can tell."""
    if len(text) < MIN_CHARACTERS or language not in _identifier().labels:
        return False
    found, confidence = _identifier().classify(text)
    return bool(found != language and confidence >= MIN_CONFIDENCE)


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
