"""The lines a person copies to use a repository from this Hub."""

import json

from factory.localhub.calls import Call
from factory.localhub.repos import Repo


def show_usage(call: Call, repo: Repo) -> list[tuple[str, str]]:
    """Return what to type, each with its title."""
    lines = [f"export HF_ENDPOINT={call.endpoint}"]
    if repo.private or repo.gated:
        lines.append("export HF_TOKEN=...  # one that may read it")
    if repo.type == "space":
        return [("Run it on this machine", "\n".join([*lines, f"factory demo {repo.full_name}"]))]
    return [("In the shell", "\n".join(lines)), ("In Python", _python(repo))]


def _python(repo: Repo) -> str:
    task = repo.row["pipeline_tag"]
    if repo.type == "dataset":
        return f"from datasets import load_dataset\n\ndataset = {_call('load_dataset', repo.full_name)}"
    if repo.row["library_name"] == "transformers" and task:
        return f"from transformers import pipeline\n\npipe = {_call('pipeline', task, repo.full_name)}"
    return f"from huggingface_hub import snapshot_download\n\nfolder = {_call('snapshot_download', repo.full_name)}"


def _call(function: str, *texts: str) -> str:
    """Return a call with one argument a line, which fits beside a card."""
    return "\n".join([f"{function}(", *(f"    {json.dumps(text)}," for text in texts), ")"])
