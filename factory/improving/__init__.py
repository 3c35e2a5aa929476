"""Rounds of asking the teacher where a student errs or is unsure."""
