"""What each client does, as a script: `python clients.py CLIENT REPO`, a line of JSON for each step that worked.

It is run by the interpreters of several environments, so it imports nothing but what the client needs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

SMALL, LARGE = b"# A card\n", bytes(range(256)) * 4096


def use_library(repo, here):
    """Use huggingface_hub."""
    from huggingface_hub import CommitOperationAdd, HfApi, snapshot_download

    api = HfApi()
    api.create_repo(repo)
    yield "create"
    operations = [CommitOperationAdd("README.md", SMALL), CommitOperationAdd("model.safetensors", LARGE)]
    commit = api.create_commit(repo, operations, commit_message="one")
    folder = here / "folder"
    folder.mkdir()
    (folder / "other.bin").write_bytes(LARGE[::-1])
    api.upload_folder(repo_id=repo, folder_path=folder, path_in_repo="sub")
    yield "upload"
    assert set(api.list_repo_files(repo)) == {".gitattributes", "README.md", "model.safetensors", "sub/other.bin"}
    assert repo in [model.id for model in api.list_models(author=repo.split("/")[0])]
    yield "list"
    read = Path(snapshot_download(repo))
    assert (read / "model.safetensors").read_bytes() == LARGE
    assert (read / "sub" / "other.bin").read_bytes() == LARGE[::-1]
    assert not Path(snapshot_download(repo, revision=commit.oid), "sub").exists()
    yield "download"


def use_datasets(repo, here):
    from datasets import Dataset, load_dataset
    from huggingface_hub import HfApi

    rows = {"text": [f"text {number}" for number in range(100)], "label": [number % 3 for number in range(100)]}
    api = HfApi()
    api.create_repo(repo, repo_type="dataset")
    yield "create"
    Dataset.from_dict(rows).push_to_hub(repo)
    yield "upload"
    assert any(path.endswith(".parquet") for path in api.list_repo_files(repo, repo_type="dataset"))
    yield "list"
    assert load_dataset(repo, split="train").to_dict() == rows
    assert next(iter(load_dataset(repo, split="train", streaming=True)))["text"] == "text 0"
    yield "download"


def use_transformers(repo, here):
    import torch
    from huggingface_hub import HfApi
    from transformers import AutoModel, BertConfig, BertModel

    torch.set_num_threads(1)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 1, "num_hidden_layers": 1}
    model = BertModel(BertConfig(vocab_size=50, max_position_embeddings=16, **sizes))
    HfApi().create_repo(repo)
    yield "create"
    model.push_to_hub(repo)
    yield "upload"
    assert {"config.json", "model.safetensors"} <= set(HfApi().list_repo_files(repo))
    yield "list"
    read = AutoModel.from_pretrained(repo).state_dict()
    assert all(torch.equal(value, read[name]) for name, value in model.state_dict().items())
    yield "download"


def use_command(repo, here):
    """Use the command `hf`."""
    (here / "model.safetensors").write_bytes(LARGE)
    hf = str(Path(sys.executable).with_name("hf"))
    run([hf, "repos", "create", repo], here)
    yield "create"
    run([hf, "upload", repo, "model.safetensors", "--commit-message", "one"], here)
    yield "upload"
    assert repo in run([hf, "models", "ls", "--author", repo.split("/")[0], "--format", "json"], here)
    yield "list"
    run([hf, "download", repo, "--local-dir", "copy"], here)
    assert (here / "copy" / "model.safetensors").read_bytes() == LARGE
    yield "download"


def use_git(repo, here):
    """Use git with git-lfs, which only read."""
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi()
    api.create_repo(repo, private=True)
    operations = [CommitOperationAdd("README.md", SMALL), CommitOperationAdd("model.safetensors", LARGE)]
    commit = api.create_commit(repo, operations, commit_message="one")
    run(["git", "lfs", "install", "--skip-repo"], here)
    address = os.environ["HF_ENDPOINT"].replace("//", f"//user:{os.environ['HF_TOKEN']}@", 1)
    listed = run(["git", "ls-remote", f"{address}/{repo}"], here)
    assert f"{commit.oid}\trefs/heads/main" in listed
    yield "list"
    run(["git", "clone", "-q", f"{address}/{repo}", "copy"], here)
    assert (here / "copy" / "model.safetensors").read_bytes() == LARGE
    assert (here / "copy" / "README.md").read_bytes() == SMALL
    yield "download"


def run(command, here):
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    return done.stdout


CLIENTS = {
    "library": use_library,
    "datasets": use_datasets,
    "transformers": use_transformers,
    "command": use_command,
    "git": use_git,
}

if __name__ == "__main__":
    for step in CLIENTS[sys.argv[1]](sys.argv[2], Path.cwd()):
        print(json.dumps(step), flush=True)  # noqa: T201 - read by the runner
