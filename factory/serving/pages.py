"""What the pages of the embedded Hub run models with: the light runtime, and nothing that needs PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from factory.errors import FactoryError

Score = tuple[str, float]


def can_open(paths: Collection[str], model_type: str) -> bool:
    """Whether a model with files of these paths runs on onnxruntime or numpy alone."""
    from factory.students.bags import BAGS
    from factory.students.loading import LIGHT_FILES, SETTINGS

    is_light = any(name in paths for name in LIGHT_FILES) and all(name in paths for name in SETTINGS)
    return is_light or (model_type in BAGS and "config.json" in paths)


def open_model(folder: Path) -> Callable[[str], Sequence[Score]]:
    """Return a function from a text to all labels with their probabilities, best first.

    Both raise ValueError with the reason when the model cannot be read safely, or not this text.
    """
    from factory.students.loading import load_folder

    try:
        classifier = load_folder(folder)
    except FactoryError as fault:
        raise ValueError(_without_folder(fault, folder)) from fault

    def classify(text: str) -> list[Score]:
        try:
            scores = classifier.scores(text)[0]
        except FactoryError as fault:
            raise ValueError(str(fault)) from fault
        found = zip(classifier.labels, map(float, scores), strict=True)
        return sorted(found, key=lambda item: -item[1])

    return classify


def _without_folder(fault: FactoryError, folder: Path) -> str:
    """Return the sentence without the folder, which is a passing one of the Hub's own."""
    return str(fault).replace(f"{folder}/", "").replace(f"{folder}: ", "")
