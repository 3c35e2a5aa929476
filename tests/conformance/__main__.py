"""Run huggingface_hub's and datasets' own tests against the embedded Hub and compare with what is expected to fail.

Downloads both source distributions once, of the versions that are installed; nothing of them is kept in the
repository. Fails when a test fails that should pass, and when a test passes that is listed as failing.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from contextlib import contextmanager
from pathlib import Path

from factory.localhub.admin import add_organization, add_user, verify

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
USERS = {  # the public tokens of these suites' own test instance
    "__DUMMY_HUB_USER__": "hf_HubCITokenXXXXXXXXXXXXXXXXXXXXX",
    "DVUser": "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",
    "EnterpriseAdmin": "hf_enterprise_admin_token",
    "__DUMMY_DATASETS_USER__": "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",
}
TRANSFERS = """
file_download snapshot_download hf_file_system repocard lfs commit_api upload_pipeline xet_upload commit_scheduler
cli_discussions cache_layout hub_mixin tree_cache
"""
SUITES = {
    "api": ("huggingface_hub", ["tests/test_hf_api.py"]),
    "transfers": ("huggingface_hub", [f"tests/test_{name}.py" for name in TRANSFERS.split()]),
    "datasets": ("datasets", ["tests/test_upstream_hub.py"]),
}
NEEDED = ("pytest_mock", "pytest_timeout", "jedi", "numpy", "PIL")
MARKERS = "api transfer inference xet no_xet production deprecated git_lfs vcr integration"


def main():
    """Print one line a suite and mode; exit 1 unless exactly the expected tests fail."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("suites", nargs="*", default=list(SUITES), help=f"of {', '.join(SUITES)}")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "hf-factory-conformance"))
    parser.add_argument("--control", action="store_true", help="count what passes without any Hub, too")
    parser.add_argument("--no-xet", action="store_true", help="with HF_HUB_DISABLE_XET=1")
    arguments = parser.parse_args()
    check_packages()
    expected = read_expected(HERE / "expected_failures.txt", xet=not arguments.no_xet)
    surprises = []
    sys.stdout.write(f"{'suite':<12}{'passed':>8}{'failed':>8}{'skipped':>8}{'no Hub':>8}   surprises\n")
    for name in arguments.suites:
        outcomes = run_suite(name, arguments.work, xet=not arguments.no_xet)
        found = compare(outcomes, expected.get(name, {}))
        count = {state: list(outcomes.values()).count(state) for state in ("passed", "failed", "skipped")}
        numbers = "".join(f"{count[state]:>8}" for state in count)
        control = count_control(name, arguments.work, xet=not arguments.no_xet) if arguments.control else "-"
        sys.stdout.write(f"{name:<12}{numbers}{control:>8}   {len(found)}\n")
        sys.stdout.flush()
        surprises += found
    sys.stdout.writelines(f"{surprise}\n" for surprise in surprises)
    sys.exit(1 if surprises else 0)


def check_packages():
    missing = [name for name in NEEDED if not _is_installed(name)]
    if missing:
        sys.exit(f"These suites also need: pip install {' '.join(missing).replace('_', '-').replace('PIL', 'pillow')}")


def read_expected(path, *, xet):
    """Return by suite the tests expected to fail, with the reason: lines `suite test  # reason`."""
    expected = {}
    for line in path.read_text().splitlines():
        entry, _, reason = line.partition("  # ")
        if not entry.strip() or entry.startswith("#"):
            continue
        if not reason:
            sys.exit(f"{path.name}: '{line}' has no reason")
        suite, test = entry.split(maxsplit=1)
        test, _, mode = test.strip().partition(" ")
        if mode in ("", "[xet]" if xet else "[no-xet]"):
            expected.setdefault(suite, {})[test] = reason.strip()
    return expected


def compare(outcomes, expected):
    """Return what is not as expected, in both directions."""
    failed = [test for test, state in outcomes.items() if state == "failed"]
    surprises = [f"FAILED, not expected: {test}" for test in failed if test not in expected]
    surprises += [f"PASSED, expected to fail: {test}" for test in expected if outcomes.get(test) == "passed"]
    return surprises + [f"GONE, expected to fail: {test}" for test in expected if test not in outcomes]


def run_suite(name, work, *, xet):
    """Return the state of every test of a suite: passed, failed or skipped."""
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as scratch, running_hub(Path(scratch, "hub")) as endpoint:
        outcomes = run_tests(name, work, Path(scratch), endpoint, log=work / f"{name}.log", xet=xet)
        if problems := verify(Path(scratch, "hub")):
            sys.exit(f"The Hub's directory is damaged after the suite {name}: {problems[0]}")
        return outcomes


def count_control(name, work, *, xet):
    """Return how many tests of a suite pass at an address where nothing answers: those that prove nothing."""
    with tempfile.TemporaryDirectory(dir=work) as scratch, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        outcomes = run_tests(name, work, Path(scratch), endpoint, log=work / f"{name}-control.log", xet=xet)
    return list(outcomes.values()).count("passed")


def run_tests(name, work, scratch, endpoint, *, log, xet):
    package, files = SUITES[name]
    tests = prepare(package, unpack(package, work), scratch / package, endpoint)
    report = scratch / "report.xml"
    environment = {
        **os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(scratch / "home"), "HF_TOKEN": "",
        "HUGGINGFACE_CO_STAGING": "0", "HF_HUB_DISABLE_XET": "0" if xet else "1", "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-m", "not production", "-q", "-p", "no:cacheprovider"]
    command += ["--timeout=180", f"--junitxml={report}", *files]
    with log.open("wb") as output:
        subprocess.run(command, cwd=tests, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)
    if not report.exists():
        sys.exit(f"The suite {name} did not run: see {log}")
    return read_report(report)


def read_report(path):
    states = {}
    for case in ElementTree.parse(path).iter("testcase"):
        test = f"{case.get('classname').removeprefix('tests.')}::{case.get('name')}"
        kinds = {child.tag for child in case}
        state = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        states[test] = "failed" if "failed" in (state, states.get(test)) else state
    return states


def unpack(package, work):
    """Return the folder of a package's source distribution, of the version that is installed."""
    version = importlib.metadata.version(package)
    folder = work / f"{package}-{version}"
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "-d", str(work), f"{package}=={version}"], check=True)
        with tarfile.open(next(work.glob(f"{package}-{version}.tar.gz"))) as archive:
            archive.extractall(work, filter="data")
    return folder


def prepare(package, source, target, endpoint):
    """Copy a suite's tests, add our fixtures and point its constants at the Hub."""
    tests = target / "tests"
    shutil.copytree(source / "tests", tests)
    (tests / "__init__.py").touch()
    (target / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n" + "".join(f"    {name}: theirs\n" for name in MARKERS.split())
    )
    if package == "huggingface_hub":
        shutil.copy(HERE / "hub_conftest.py", tests / "conftest.py")
        shutil.copytree(HERE / "cards", tests / "fixtures" / "cards", dirs_exist_ok=True)
        constants = tests / "testing_constants.py"
        text = re.sub(r"(?m)^ENDPOINT_STAGING = .*", f"ENDPOINT_STAGING = {endpoint!r}", constants.read_text())
        constants.write_text(text)
        return target
    shutil.copy(HERE / "datasets_conftest.py", tests / "conftest.py")
    shutil.copy(HERE / "datasets_utils.py", tests / "utils.py")
    (tests / "fixtures").mkdir()
    (tests / "fixtures" / "__init__.py").touch()
    user = "__DUMMY_DATASETS_USER__"
    constants = {"CI_HUB_ENDPOINT": endpoint, "CI_HUB_USER": user, "CI_HUB_USER_TOKEN": USERS[user]}
    lines = [f"{name} = {value!r}\n" for name, value in constants.items()]
    (tests / "fixtures" / "hub.py").write_text("".join(lines))
    (tests / "features" / "data").mkdir(parents=True)
    _draw_picture(tests / "features" / "data" / "test_image_rgb.jpg")
    return target


@contextmanager
def running_hub(root):
    """Start a Hub with the suites' users and give its endpoint."""
    for name, token in USERS.items():
        add_user(root, name, token=token, full_name="Dummy User")
    add_organization(root, "valid_org_hub", members={"__DUMMY_HUB_USER__": "write"}, full_name="Dummy Hub Org")
    add_organization(root, "EnterpriseOrgPrivate", members={"EnterpriseAdmin": "admin"}, private=True)
    with serving(root) as endpoint:
        yield endpoint


@contextmanager
def serving(root):
    """Start a Hub on a directory and give its endpoint."""
    command = [sys.executable, "-m", "factory.localhub", "--root", str(root), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            yield json.loads(process.stdout.readline())["endpoint"]
        finally:
            process.terminate()
            if process.wait(60) != 0:
                sys.exit(f"The Hub ended with {process.returncode}")


def _draw_picture(path):
    from PIL import Image

    Image.new("RGB", (64, 48), (200, 80, 20)).save(path)


def _is_installed(name):
    return importlib.util.find_spec(name) is not None


if __name__ == "__main__":
    main()
