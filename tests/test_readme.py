"""What the README tells people to type is there to be typed."""

import re
import subprocess
from pathlib import Path

import click
import pytest

from factory.cli import commands

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
TYPED = sorted({line.split("#")[0].strip() for line in re.findall(r"(?m)^(?:factory|make) .*$", README)})


def test_the_readme_has_commands():
    assert len(TYPED) > 5


@pytest.mark.parametrize("line", [line for line in TYPED if line.startswith("factory")])
def test_a_command_of_the_readme_is_parsed(line):
    group, words = commands, line.split()[1:]
    while isinstance(group, click.Group):
        group = group.get_command(click.Context(group), words.pop(0))
        assert group is not None, line
    group.make_context(group.name, words)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake (\w+)", README))))
def test_a_target_of_the_readme_is_in_the_makefile(target):
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)\)", README))))
def test_a_link_of_the_readme_leads_to_a_file(link):
    assert (ROOT / link).is_file()
