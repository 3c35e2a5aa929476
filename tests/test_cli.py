"""The command line: one sentence for a fault, the exit codes of the interface, nothing heavy for help."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from factory.errors import FactoryError

ROOT = Path(__file__).parents[1]


def run(*arguments, **options):
    command = [sys.executable, "-c", "from factory.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_help_imports_nothing_heavy():
    program = """
import sys
from click.testing import CliRunner
from factory.cli import commands
assert CliRunner().invoke(commands, ["--help"]).exit_code == 0
heavy = {"torch", "transformers", "datasets", "numpy", "huggingface_hub", "sklearn", "gradio"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_both_names_are_the_same_command():
    scripts = {script.name: script.value for script in entry_points(group="console_scripts")}
    assert scripts["factory"] == scripts["hf-factory"] == "factory.cli:main"


def test_a_good_recipe_is_ok_and_the_next_command_is_filled_in():
    path = ROOT / "recipes" / "climate-stance" / "recipe.yaml"
    done = run("check", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: ok\n")
    warning, hint = done.stderr.splitlines()
    assert warning.startswith(f"{path}: licence: the teacher Claude (Anthropic; exact snapshot not recorded) is")
    assert hint == f"next: factory plan {path}"


def test_a_folder_stands_for_the_recipe_in_it():
    assert run("check", ROOT / "recipes" / "sms-spam").returncode == 0


def test_faults_of_all_recipes_are_printed_without_a_traceback(tmp_path):
    (tmp_path / "a.yaml").write_text("")
    done = run("check", tmp_path / "a.yaml", tmp_path / "b.yaml")
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 2
    assert "Traceback" not in done.stderr


def test_a_factory_error_is_one_sentence_and_exit_code_1(tmp_path):
    done = run("build", tmp_path / "gone.yaml")
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path}/gone.yaml: cannot be read (No such file or directory); check the path\n"


def test_wrong_usage_is_exit_code_2():
    assert run("publish").returncode == 2
    assert run("no-such-command").returncode == 2


def test_a_starter_recipe_is_valid_once_it_is_written(tmp_path):
    done = run("new", "my-task", "--labels", "yes,no,1", cwd=tmp_path)
    assert done.returncode == 0
    assert run("check", "my-task.yaml", cwd=tmp_path).returncode == 0


def test_a_starter_never_replaces_a_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("precious")
    done = run("new", "mine", cwd=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "mine.yaml").read_text() == "precious"


def test_an_empty_ledger_adds_up_to_nothing():
    summary = json.loads(run("ledger", "--format", "json").stdout)
    assert (summary["calls"], summary["dollars"]) == (0, 0)


def test_the_embedded_hub_is_administered_from_the_command_line(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    root = ("--root", tmp_path / "hub")
    assert run("hub", "user", "add", "ann", "--token", "hf_test", *root).stdout == "hf_test\n"
    first = run("hub", "import", tmp_path / "model", "ann/model", *root)
    assert first.returncode == 0, first.stderr
    assert run("hub", "import", tmp_path / "model", "ann/model", *root).stdout == first.stdout
    assert "ann/model" in run("hub", "ls", *root).stdout
    assert run("hub", "verify", *root).stdout == "ok\n"
    assert run("hub", "gc", *root).stdout == "0 bytes freed\n"
    assert run("hub", "backup", tmp_path / "hub.tar", *root).stdout == f"{tmp_path / 'hub.tar'}\n"
    restored = ("--root", tmp_path / "restored")
    assert run("hub", "restore", tmp_path / "hub.tar", *restored).stdout == f"{tmp_path / 'restored'}\n"
    assert run("hub", "ls", *restored).stdout == run("hub", "ls", *root).stdout
    refusal = run("hub", "restore", tmp_path / "hub.tar", *restored)
    assert (refusal.returncode, refusal.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize("kind", FactoryError.__subclasses__(), ids=lambda kind: kind.__name__)
def test_every_kind_of_error_is_in_the_drawing(kind):
    import factory.errors

    assert kind.__name__ in factory.errors.__doc__
