"""Run the Space of a release on this machine.

The app is the one that this package ships, with the demo.json of the release: no code from a Hub is run.
"""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from factory.errors import HubError
from factory.hub.faults import explained
from factory.hub.fetch import fetch_file
from factory.hub.target import factory_home, open_target
from factory.localhub.demos import noted_demo
from factory.recipe import Recipe

APP = Path("spaces", "text-classification", "app.py")
log = logging.getLogger("factory")


def run_demo(name: str, port: int = 7860) -> None:
    """Serve the Space of a built recipe, or a published Space, on 127.0.0.1 until it is interrupted.

    Raises HubError when the Space is not of a release, FactoryError when the recipe has not been built.
    """
    if find_spec("gradio") is None:
        raise HubError("the demo needs gradio; pip install 'hf-factory[space]'")
    if Path(name).exists():
        _run_built(Recipe.read(name), port)
        return
    with open_target() as target:
        with explained(f"Space {name} on {target.name}"):
            is_there = target.api.repo_exists(name, repo_type="space")
        if not is_there:
            raise HubError(f"there is no Space {name} on {target.name}; name a recipe, or the Space of one")
        demo = fetch_file(target, name, "demo.json", repo_type="space")
        with noted_demo(_hub_folder(), name, port):
            run_app(demo, port, target.environment())


def run_app(demo: Path, port: int, environment: dict[str, str]) -> None:
    """Run the app with a demo.json and wait for its end; raises HubError when it ends by itself with an error."""
    log.info("open http://127.0.0.1:%d in a browser; Ctrl-C ends it", port)
    place = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    with tempfile.TemporaryDirectory(prefix="factory-demo-") as folder:
        shutil.copyfile(find_app(), Path(folder, "app.py"))
        shutil.copyfile(demo, Path(folder, "demo.json"))
        with subprocess.Popen([sys.executable, "app.py"], cwd=folder, env={**environment, **place}) as app:
            try:
                code = app.wait()
            finally:
                app.terminate()
    if code > 0:
        raise HubError(f"the app ended by itself (code {code}); if port {port} is taken, choose another with --port")


def _hub_folder() -> Path:
    """Return the embedded Hub's folder, where the page of a Space looks for its demo."""
    folder = factory_home() / "hub"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def find_app() -> Path:
    """Return the app that releases ship: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).parents[1]
    return next(path for path in (package / APP, package.parent / APP) if path.is_file())


def _run_built(recipe: Recipe, port: int) -> None:
    from factory.pipeline import build
    from factory.reporting import find_report

    if not recipe.students:
        raise HubError(f"{recipe.path} has no students, so its release has no Space; add one under `students:`")
    find_report(str(recipe.path))
    with open_target() as target:
        release = build(recipe, target=target)
        demo = release.path / "space" / "demo.json"
        if not demo.is_file():
            raise HubError(
                f"{recipe.path} has no student that a `pipeline` loads, so its release has no Space; add one, such as "
                f"`method: head`, or call factory.load"
            )
        model = str(json.loads(demo.read_text(encoding="utf-8"))["model"]).split("/")[1]
        folder = release.path / f"model-{model.removeprefix(f'{recipe.name}-')}"
        run_app(demo, port, {**target.environment(), "MODEL": str(folder)})
