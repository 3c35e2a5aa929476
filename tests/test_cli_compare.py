"""The commands `compare` and `curve`."""

import json

import pytest
from click.testing import CliRunner

from factory.cli_compare import compare, curve
from tests.comparing.test_running import write_recipe


@pytest.mark.parametrize(
    ("command", "options", "files"),
    [
        (compare, ["--reference", "words"], {"results.json", "table.md", "sizes-mood.svg"}),
        (curve, [], {"curve.json", "curve.md", "curve.svg"}),
    ],
)
def test_json_is_alone_on_stdout_and_the_files_are_written(command, options, files, tmp_path):
    write_recipe(tmp_path)
    output = tmp_path / "results"
    arguments = [str(tmp_path / "recipe.yaml"), *options, "--format", "json", "--output", str(output)]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert {path.name for path in output.iterdir()} == files
    written = next(output.glob("*.json"))
    assert json.loads(done.stdout) == json.loads(written.read_text())
    assert done.stderr.splitlines()[-1].startswith(f"next: open {output}/")
