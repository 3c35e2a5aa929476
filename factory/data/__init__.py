"""Rows: written, labelled, filtered and shared out."""
