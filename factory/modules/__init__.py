"""Prompts made into weights: a module does without its prompt what the base model did with it."""
