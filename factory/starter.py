"""Write a recipe to start from."""

from __future__ import annotations

import json
from pathlib import Path

from factory.errors import RecipeError

TEMPLATE = """\
# factory publish {name}.yaml
name: {name}
title: {title}
license: apache-2.0
language: en
task:
  text: A short text
  question: Which of these is it?
  labels:
{labels}
teacher: {{model: {model}}} # add price: {{input: ..., output: ...}} for a budget in dollars
budget: {{calls: 500}}
generate: {{rows: 600}} # the teacher writes them; or texts: {{file: mine.csv}} to label your own
# gold: {{file: gold.csv, labelled_by: humans}} # without it, cards state agreement with the teacher and no accuracy
students:
  - {{name: minilm, base_model: sentence-transformers/all-MiniLM-L6-v2}}
"""


def write_starter(folder: Path, name: str, labels: list[str], model: str) -> Path:
    """Write `<name>.yaml` into `folder` and return its path; raise RecipeError rather than overwrite a file."""
    path = folder / f"{name}.yaml"
    described = "\n".join(f"    {json.dumps(label, ensure_ascii=False)}: what {label} means" for label in labels)
    text = TEMPLATE.format(name=name, title=name.replace("-", " ").capitalize(), labels=described, model=model)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RecipeError(f"{path} exists already; choose another name or edit it") from None
    return path
