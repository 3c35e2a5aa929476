"""A recipe for SMS messages of which some are spam, without a teacher, and the truth about its texts."""

import json

TEXTS = [f"{'win a prize' if number % 2 else 'see you'} number {number} today" for number in range(16)]
RECIPE = """
name: sms
title: SMS
license: mit
language: en
task: {text: An SMS message, question: 'Is it spam?', labels: {ham: wanted, spam: unwanted}}
texts: {file: texts.jsonl}
split: {validation: 0.2, held_out: 0.2}
"""


def knows(text):
    """Return the label of a text."""
    return "spam" if "win" in text else "ham"


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
