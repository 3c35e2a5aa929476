"""27 things that people do on a Hub, by unmodified clients: `python -m tests.scenario --endpoint URL --namespace ME`.

Without an endpoint it starts an embedded Hub of its own. Everything it creates has names that begin with `scenario-`,
and is deleted at the end. Exits with 1 when a step fails.
"""

import argparse
import os
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from pathlib import Path


def main():
    """Run the steps in order and print a table; a step that fails does not stop the others."""
    options = parse()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scenario-")))
        endpoint, token, namespace = open_hub(options, folder, stack)
        # the clients read these once, when they are imported
        os.environ |= {"HF_ENDPOINT": endpoint, "HF_TOKEN": token, "HF_HOME": str(folder / "hf-home")}
        os.environ |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HUGGINGFACE_CO_STAGING": "0"}
        os.environ.pop("HF_HUB_DISABLE_IMPLICIT_TOKEN", None)
        from tests.scenario.steps import STEPS, Scenario

        it = Scenario(namespace, folder, f"scenario-{int(time.time())}", tiny=not options.large)
        steps = STEPS[: options.first]
        try:
            failed = [step.__name__ for number, step in enumerate(steps, 1) if not run(number, step, it)]
        finally:
            it.clean()
        print(f"{len(steps) - len(failed)} of {len(steps)} steps on {endpoint}")  # noqa: T201
        return int(bool(failed))


def parse():
    parser = argparse.ArgumentParser(prog="python -m tests.scenario", description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", help="the Hub (default: an embedded one)")
    parser.add_argument("--namespace", help="user or organisation to create repositories in")
    parser.add_argument("--token-env", default="HF_TOKEN", help="variable with the token (default: HF_TOKEN)")
    parser.add_argument("--large", action="store_true", help="a model of 90 MB instead of 0.3 MB")
    parser.add_argument("--first", type=int, help="only so many steps from the start")
    options = parser.parse_args()
    if options.endpoint and not (options.namespace and os.environ.get(options.token_env)):
        parser.error(f"--endpoint needs --namespace and a token in {options.token_env}")
    return options


def open_hub(options, folder, stack):
    """Return endpoint, token and namespace of the Hub that was named, or of one that lasts as long as the run."""
    if options.endpoint:
        return options.endpoint.rstrip("/"), os.environ[options.token_env], options.namespace
    from factory.hub.embedded import embedded_hub

    access = stack.enter_context(embedded_hub(folder / "hub"))
    return access.endpoint, access.token, options.namespace or access.user


def run(number, step, it):
    started = time.perf_counter()
    try:
        step(it)
    except Exception as fault:
        traceback.print_exc(limit=3)
        said = f"FAILED {type(fault).__name__}: {' '.join(str(fault).split())[:100]}"
    else:
        said = "ok"
    seconds = time.perf_counter() - started
    print(f"{number:>2}  {step.__name__.replace('_', ' '):<40}  {seconds:5.1f} s  {said}", flush=True)  # noqa: T201
    return said == "ok"


if __name__ == "__main__":
    sys.exit(main())
