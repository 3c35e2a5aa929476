"""Keep the libraries beneath the students from writing to the terminal; what matters comes as errors of our own."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

CHATTY = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir", "root")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Hold back the notices, warnings and progress bars of transformers, torch and ONNX within the block."""
    from transformers.utils import logging as notices

    verbosity, had_bars = notices.get_verbosity(), notices.is_progress_bar_enabled()
    levels = {name: logging.getLogger(name).level for name in CHATTY}
    notices.set_verbosity_error()
    notices.disable_progress_bar()
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        notices.set_verbosity(verbosity)
        if had_bars:
            notices.enable_progress_bar()
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
