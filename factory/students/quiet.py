"""Keep the libraries beneath the students from writing to the terminal; what matters comes as errors of our own."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Hold back the notices, warnings and progress bars of transformers within the block."""
    from transformers.utils import logging as notices

    verbosity, had_bars = notices.get_verbosity(), notices.is_progress_bar_enabled()
    notices.set_verbosity_error()
    notices.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        notices.set_verbosity(verbosity)
        if had_bars:
            notices.enable_progress_bar()


@contextmanager
def quiet_exporters() -> Iterator[None]:
    """Hold back what torch.onnx and onnxruntime print and log within the block.

    They log through the root logger, which would give it a handler for good; one that does nothing prevents that.
    """
    nothing, root, disabled = logging.NullHandler(), logging.getLogger(), logging.root.manager.disable
    root.addHandler(nothing)
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        root.removeHandler(nothing)
