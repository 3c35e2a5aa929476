"""Run every benchmark and print its table: `make bench`, or `python -m benchmarks store ledger`.

Each figure is a ratio to a plain peer measured in the same run, since absolute times say more about the machine.
"""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = ("store", "ledger", "engine", "filters", "bootstrap", "training", "inference", "start", "hub")

for name in sys.argv[1:] or NAMES:
    print(f"\n## {name}")
    import_module(f"benchmarks.{name}").run()
