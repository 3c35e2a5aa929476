"""Unmodified clients, each in an environment of its own, against the embedded Hub: `python -m tests.matrix`."""
