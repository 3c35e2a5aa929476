"""Rewrite what is generated: the schema of recipes, the blocks of README.md, the golden cards.

`--check` writes nothing and exits 1 with the names of files that are not current.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from click.testing import CliRunner

from benchmarks.module_results import summarise as summarise_modules
from factory.cli import commands
from factory.comparing.rendering import list_claims, summarise
from factory.comparing.results import read_results
from factory.evaluation.scoreboard import render
from factory.recipe import Recipe
from tests.release.pages import golden_pages

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "docs" / "demo-report.json"
RESULTS = ROOT / "benchmarks" / "results" / "students"
LARGER = ROOT / "benchmarks" / "results" / "larger"
MODULES = ROOT / "benchmarks" / "results" / "modules"
PAGE = "prompts-into-weights.md"


def main(check: bool) -> int:
    """Write every generated file, or name those that would change."""
    made = generated_files()
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is not current; run `make docs`", file=sys.stderr)  # noqa: T201
        else:
            path.write_text(made[path])
    return int(check and bool(stale))


def generated_files() -> dict[Path, str]:
    """Return the text that each generated file should have."""
    schema = json.dumps(Recipe.model_json_schema(), indent=1, ensure_ascii=False) + "\n"
    return {
        ROOT / "recipes" / "schema.json": schema,
        ROOT / "README.md": fill_readme((ROOT / "README.md").read_text()),
        ROOT / "docs" / PAGE: fill_blocks((ROOT / "docs" / PAGE).read_text(), {"modules": describe_modules()}),
        **{ROOT / "tests" / "golden" / name: text for name, text in golden_pages().items()},
    }


def fill_readme(text: str) -> str:
    """Put the help, the last comparison and the scoreboard of the last demo between their marks."""
    help_text = CliRunner().invoke(commands, ["--help"], prog_name="factory", terminal_width=110).output
    blocks = {
        "help": f"```\n{help_text.strip()}\n```",
        "recipe": f"```yaml\n{(ROOT / 'recipes/climate-stance/recipe.yaml').read_text().strip()}\n```",
        "comparison": summarise(read_results(RESULTS)).strip(),
        "larger": "\n\n".join(list_claims(read_results(LARGER))),
        "scoreboard": render(json.loads(REPORT.read_text()), "markdown").strip(),
    }
    return fill_blocks(text, blocks)


def describe_modules() -> str:
    """Return the figure and the table of the last measurement of prompts made into weights."""
    known = json.loads((MODULES / "results.json").read_text())
    picture = "![The share of a prompt's effect that each form keeps](../benchmarks/results/modules/shares.svg)"
    return f"{picture}\n\n{summarise_modules(known)}"


def fill_blocks(text: str, blocks: dict[str, str]) -> str:
    """Put each block between its marks."""
    for name, block in blocks.items():
        marks = rf"(<!-- generated: {name} -->).*?(<!-- end -->)"
        text = re.sub(marks, lambda found, block=block: f"{found[1]}\n{block}\n{found[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
