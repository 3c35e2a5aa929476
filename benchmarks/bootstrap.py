"""Bootstrap intervals, vectorised, against one resample at a time."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import cpu_seconds, show
from factory.evaluation.intervals import bootstrap_scores

ROWS, DRAWS, LABELS = 10_000, 2_000, 4
