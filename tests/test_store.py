"""The store runs a stage once, resumes it, and never takes half of it for the whole."""

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from factory.errors import StoreError
from factory.planning import Planner
from factory.recipe import Filter
from factory.recipe_section import Section, later
from factory.store import Artifact, Store, as_json, explained_faults, version


def write_words(words, filter, *, out):
    (out / "words.txt").write_text(" ".join(words[: filter.min_words]))


def count_words(words, *, out):
    (out / "count.txt").write_text(str(len((words.path / "words.txt").read_text().split())))


def fail_half_way(words, *, out):
    (out / "first.txt").write_text("kept")
    raise KeyboardInterrupt


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def test_a_stage_runs_once_for_equal_inputs(store):
    runs = []

    def note_run(number, *, out):
        runs.append(number)
        (out / "n").write_text(str(number))

    assert store(note_run, 1) == store(note_run, 1)
    assert store(note_run, 2) != store(note_run, 1)
    assert runs == [1, 2]


def test_a_stage_reads_its_section_and_nothing_else_of_the_recipe(store):
    first = store(write_words, ["a", "b", "c"], Filter(min_words=2))
    assert store(write_words, ["a", "b", "c"], Filter(min_words=1)) != first
    assert (first.path / "words.txt").read_text() == "a b"


def test_the_order_of_labels_is_part_of_the_key(store):
    def write_names(labels, *, out):
        (out / "names.txt").write_text(" ".join(labels))

    assert store(write_names, {"a": "", "b": ""}) != store(write_names, {"b": "", "a": ""})


def test_equal_bytes_from_other_inputs_leave_later_stages_cached(store):
    short = store(write_words, ["a", "b"], Filter(min_words=2))
    same = store(write_words, ["a", "b"], Filter(min_words=3))
    assert short.path != same.path
    assert store(count_words, short).path == store(count_words, same).path


def test_another_version_of_a_stage_runs_again(store):
    def name_version(*, out):
        (out / "v").write_text("1")

    first = store(name_version)
    assert store(version(2)(name_version)).path != first.path


def test_an_interrupted_stage_finds_its_own_files_again(store):
    with pytest.raises(KeyboardInterrupt):
        store(fail_half_way, ["a"])
    (partial,) = store.root.glob("fail_half_way-*.partial")
    assert (partial / "out" / "first.txt").read_text() == "kept"
    assert not list(store.manifests("fail_half_way"))


def test_a_file_cut_short_is_noticed_and_made_again(store):
    made = store(write_words, ["a", "b"], Filter(min_words=2))
    (made.path / "words.txt").write_text("")
    assert (store(write_words, ["a", "b"], Filter(min_words=2)).path / "words.txt").read_text() == "a b"


def test_the_manifest_says_what_made_the_files(store):
    made = store(write_words, ["a"], Filter(min_words=1))
    manifest = json.loads((made.path.parent / "manifest.json").read_text())
    assert manifest["inputs"]["filter"]["min_words"] == 1
    assert manifest["files"]["words.txt"][1] == 1
    assert manifest["digest"] == made.digest


def test_a_users_file_is_known_by_content_wherever_it_lies(store, tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("text\nhello\n")
    assert store.source(tmp_path / "one.csv").digest == store.source(tmp_path / "two.csv").digest


def test_a_missing_file_is_named(store, tmp_path):
    with pytest.raises(StoreError, match=r"gone\.csv: cannot be read"):
        store.source(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("code", "remedy"), [(errno.ENOSPC, "free some space"), (errno.EROFS, "set FACTORY_HOME to a folder")]
)
def test_a_disk_that_cannot_be_written_is_one_sentence(tmp_path, code, remedy):
    with pytest.raises(StoreError, match=remedy), explained_faults(tmp_path):
        raise OSError(code, os.strerror(code), "some/file")


def append_line(log, *, out):
    with log.path.open("a") as file:
        file.write("ran\n")
    (out / "done").write_text("")


def _race(root, log):
    Store(root)(append_line, Artifact(log, "fixed"))


def test_two_processes_run_a_stage_once(store, tmp_path):
    context = multiprocessing.get_context("spawn")
    racers = [context.Process(target=_race, args=(store.root, tmp_path / "log")) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert (tmp_path / "log").read_text() == "ran\n"


def test_a_kill_at_any_write_leaves_no_artifact_that_looks_whole(tmp_path):
    program = textwrap.dedent("""
        import os, pathlib, sys
        from factory import store
        from factory.store import Store

        calls, last, sync = 0, int(sys.argv[2]), store.sync

        def dying_sync(path):
            global calls
            calls += 1
            if calls == last:
                os.kill(os.getpid(), 9)
            sync(path)

        store.sync = dying_sync

        def write_pair(*, out):
            (out / "a").write_text("a" * 1000)
            (out / "b").write_text("b" * 1000)

        made = Store(pathlib.Path(sys.argv[1]))(write_pair)
        assert (made.path / "a").read_text() + (made.path / "b").read_text() == "a" * 1000 + "b" * 1000
    """)
    codes = []
    for step in range(1, 8):
        command = [sys.executable, "-c", program, str(tmp_path / str(step)), str(step)]
        codes.append(subprocess.run(command, check=False).returncode)
        assert subprocess.run([*command[:-1], "0"], check=False).returncode == 0
    assert codes[0] == -signal.SIGKILL
    assert codes[-1] == 0


def test_a_plan_says_which_setting_makes_a_stage_run(store):
    store(write_words, ["a", "b"], Filter(min_words=3))
    planner = Planner(store.root)
    planned = planner(write_words, ["a", "b"], Filter(min_words=5))
    planner(count_words, planned)
    assert [(step.name, step.cached, step.why) for step in planner.steps] == [
        ("write_words", False, "filter.min_words 3 -> 5"),
        ("count_words", False, "has not run before"),
    ]


def test_a_plan_names_the_stage_that_is_waited_for(store):
    store(count_words, store(write_words, ["a", "b"], Filter(min_words=1)))
    planner = Planner(store.root)
    planner(count_words, planner(write_words, ["a", "b"], Filter(min_words=2)))
    assert planner.steps[-1].why == "words waits for write_words"


def test_a_plan_runs_nothing(store):
    planner = Planner(store.root)
    planner(fail_half_way, ["a"])
    assert not store.root.exists()


def test_a_setting_that_came_later_changes_the_key_only_where_it_is_set():
    class Before(Section):
        words: int = 3

    class Now(Before):
        share: float | None = later(0.5, ge=0)

    assert as_json(Now()) == as_json(Now(share=0.5)) == as_json(Before())
    assert as_json(Now(share=None)) == {"words": 3, "share": None}
