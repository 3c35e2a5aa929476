"""Hugging Face's own test suites, run against the embedded Hub: `python -m tests.conformance`."""
