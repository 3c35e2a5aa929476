"""What a person does on a Hub, step by step, with the clients as they come; each step leans on those before it."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    HfApi,
    HfFileSystem,
    ModelCard,
    hf_hub_download,
    snapshot_download,
)
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError

from tests.hub.releases import TEXTS, write_classifier

APP = b"import gradio as gr\ngr.Interface(lambda text: text, 'text', 'text').launch()\n"
LABELS = ["good", "bad"]


class Scenario:
    """Repositories of one namespace that begin with `prefix`; they are deleted at the end."""

    def __init__(self, namespace, folder, prefix, tiny=True):
        self.api, self.namespace, self.folder, self.prefix = HfApi(), namespace, Path(folder), prefix
        self.classifier = self.folder / "classifier"
        write_classifier(self.classifier)
        if not tiny:
            (self.classifier / "padding.bin").write_bytes(bytes(range(256)) * 350_000)

    def id(self, name):
        return f"{self.namespace}/{self.prefix}-{name}"

    def clean(self):
        for kind, names in {
            "model": ("model", "pushed", "private", "moved", "raced", "many", "adapter", "gone"),
            "dataset": ("rows", "lines"),
            "space": ("space",),
        }.items():
            for name in names:
                with suppress(HfHubHTTPError):
                    self.api.delete_repo(self.id(name), repo_type=kind, missing_ok=True)


def who_am_i(it):
    assert it.api.whoami()["name"]


def create_a_repository_twice(it):
    url = it.api.create_repo(it.id("model"))
    assert url == it.api.create_repo(it.id("model"), exist_ok=True)


def upload_a_model_folder(it):
    it.api.upload_folder(repo_id=it.id("model"), folder_path=it.classifier)
    assert "model.safetensors" in it.api.list_repo_files(it.id("model"))


def upload_it_again_without_a_change(it):
    before = it.api.model_info(it.id("model")).sha
    it.api.upload_folder(repo_id=it.id("model"), folder_path=it.classifier)
    assert it.api.model_info(it.id("model")).sha == before


def push_model_and_tokenizer(it):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(it.classifier)
    model.push_to_hub(it.id("pushed"))
    AutoTokenizer.from_pretrained(it.classifier).push_to_hub(it.id("pushed"))
    model.push_to_hub(it.id("private"), private=True)
    assert it.api.model_info(it.id("private")).private


def classify_by_name(it):
    from transformers import pipeline

    said = pipeline("text-classification", it.id("pushed"))(TEXTS)
    assert said == pipeline("text-classification", str(it.classifier))(TEXTS)


def load_by_name_from_a_branch(it):
    from transformers import AutoModelForSequenceClassification

    it.api.create_branch(it.id("pushed"), branch="trial", exist_ok=True)
    assert AutoModelForSequenceClassification.from_pretrained(it.id("pushed"), revision="trial").config.num_labels == 2


def push_and_load_a_dataset(it):
    from datasets import Dataset, DatasetDict, load_dataset

    rows = Dataset.from_dict({"text": TEXTS, "label": [0, 1, 0, 1]})
    DatasetDict(train=rows, test=rows).push_to_hub(it.id("rows"))
    assert load_dataset(it.id("rows"), split="test")["text"] == TEXTS


def add_a_second_configuration(it):
    from datasets import Dataset, load_dataset

    Dataset.from_dict({"text": TEXTS[:1]}).push_to_hub(it.id("rows"), "short")
    assert load_dataset(it.id("rows"), "short", split="train").num_rows == 1


def load_an_old_revision(it):
    from datasets import load_dataset

    commits = it.api.list_repo_commits(it.id("rows"), repo_type="dataset")
    first = next(commit for commit in reversed(commits) if commit.title != "initial commit")
    assert load_dataset(it.id("rows"), split="train", revision=first.commit_id).num_rows == len(TEXTS)


def stream_a_dataset(it):
    from datasets import load_dataset

    assert next(iter(load_dataset(it.id("rows"), split="train", streaming=True)))["text"] == TEXTS[0]


def load_lines_of_json(it):
    from datasets import load_dataset

    it.api.create_repo(it.id("lines"), repo_type="dataset", exist_ok=True)
    lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS).encode()
    it.api.upload_file(path_or_fileobj=lines, path_in_repo="train.jsonl", repo_id=it.id("lines"), repo_type="dataset")
    assert load_dataset(it.id("lines"), split="train").num_rows == len(TEXTS)


def set_up_a_space(it):
    it.api.create_repo(it.id("space"), repo_type="space", space_sdk="gradio", exist_ok=True)
    it.api.upload_file(path_or_fileobj=APP, path_in_repo="app.py", repo_id=it.id("space"), repo_type="space")
    it.api.add_space_secret(it.id("space"), "TOKEN", "hidden")
    it.api.add_space_variable(it.id("space"), "MODEL", it.id("model"))
    assert it.api.get_space_variables(it.id("space"))["MODEL"].value == it.id("model")
    assert it.api.get_space_runtime(it.id("space")).stage


def list_search_and_filter(it):
    names = {model.id for model in it.api.list_models(author=it.namespace, search=it.prefix)}
    assert {it.id("model"), it.id("pushed")} <= names


def tag_and_take_a_snapshot(it):
    it.api.create_tag(it.id("model"), tag="v1", tag_message="first")
    sha = it.api.model_info(it.id("model")).sha
    assert snapshot_download(it.id("model"), revision="v1") == snapshot_download(it.id("model"), revision=sha)


def download_to_a_folder_of_ones_own(it):
    place = hf_hub_download(it.id("model"), "config.json", local_dir=it.folder / "own")
    assert Path(place).read_bytes() == (it.classifier / "config.json").read_bytes()
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(it.id("model"), "nothing.txt")


def refuse_a_stale_parent(it):
    commits = it.api.list_repo_commits(it.id("model"))
    with pytest.raises(HfHubHTTPError, match="412"):
        commit(it, "model", "late.txt", parent_commit=commits[-1].commit_id)


def validate_and_push_a_card(it):
    card = ModelCard("---\nlicense: apache-2.0\ntags: [scenario]\n---\n# A card\n")
    card.validate()
    card.push_to_hub(it.id("model"))
    assert ModelCard.load(it.id("model")).data.license == "apache-2.0"


def open_and_merge_a_pull_request(it):
    opened = commit(it, "model", "proposed.txt", create_pr=True)
    assert not it.api.file_exists(it.id("model"), "proposed.txt")
    it.api.merge_pull_request(it.id("model"), opened.pr_num)
    assert it.api.file_exists(it.id("model"), "proposed.txt")


def collect_repositories(it):
    found = it.api.create_collection(f"{it.prefix} scenario", namespace=it.namespace, exists_ok=True)
    it.api.add_collection_item(found.slug, it.id("model"), "model", exists_ok=True)
    assert [item.item_id for item in it.api.get_collection(found.slug).items] == [it.id("model")]
    it.api.delete_collection(found.slug)


def push_and_load_an_adapter(it):
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForSequenceClassification

    base = AutoModelForSequenceClassification.from_pretrained(it.classifier)
    settings = LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query"])
    get_peft_model(base, settings).push_to_hub(it.id("adapter"))
    again = AutoModelForSequenceClassification.from_pretrained(it.classifier)
    assert PeftModel.from_pretrained(again, it.id("adapter")).peft_config


def read_and_write_as_a_file_system(it):
    files = HfFileSystem()
    with files.open(f"{it.id('model')}/note.txt", "w") as file:
        file.write("a note")
    assert files.read_text(f"{it.id('model')}/note.txt") == "a note"
    assert files.glob(f"{it.id('model')}/*.safetensors")


def read_the_header_of_safetensors(it):
    assert it.api.get_safetensors_metadata(it.id("model")).parameter_count


def move_change_and_delete(it):
    it.api.create_repo(it.id("gone"))
    it.api.move_repo(it.id("gone"), it.id("moved"))
    it.api.update_repo_settings(it.id("moved"), visibility="private")
    assert it.api.model_info(it.id("moved")).private
    it.api.delete_repo(it.id("moved"))
    with pytest.raises(RepositoryNotFoundError):
        it.api.model_info(it.id("moved"))


def commit_from_eight_at_once(it):
    it.api.create_repo(it.id("raced"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: _commit_with_patience(it, f"{number}.txt"), range(8)))
    assert len([name for name in it.api.list_repo_files(it.id("raced")) if name.endswith(".txt")]) == 8


def upload_three_hundred_files(it):
    folder = it.folder / "many"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number}.txt").write_text(str(number))
    it.api.create_repo(it.id("many"))
    it.api.upload_folder(repo_id=it.id("many"), folder_path=folder)
    assert len(it.api.list_repo_files(it.id("many"))) >= 300


def load_again_without_a_network(it):
    code = f"from transformers import AutoConfig; print(AutoConfig.from_pretrained({it.id('pushed')!r}).num_labels)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "2", done.stderr


def commit(it, name, path, **options):
    return it.api.create_commit(
        it.id(name), [CommitOperationAdd(path, b"text")], commit_message=f"Add {path}", **options
    )


def _commit_with_patience(it, path):
    """A Hub may answer 409 or 412 to those who come at the same moment; they try again."""
    for attempt in range(20):
        try:
            return commit(it, "raced", path)
        except HfHubHTTPError as fault:
            if fault.response.status_code not in (409, 412):
                raise
            time.sleep(0.1 * attempt)
    raise AssertionError(f"{path} was never taken")


STEPS = (
    who_am_i,
    create_a_repository_twice,
    upload_a_model_folder,
    upload_it_again_without_a_change,
    push_model_and_tokenizer,
    classify_by_name,
    load_by_name_from_a_branch,
    push_and_load_a_dataset,
    add_a_second_configuration,
    load_an_old_revision,
    stream_a_dataset,
    load_lines_of_json,
    set_up_a_space,
    list_search_and_filter,
    tag_and_take_a_snapshot,
    download_to_a_folder_of_ones_own,
    refuse_a_stale_parent,
    validate_and_push_a_card,
    open_and_merge_a_pull_request,
    collect_repositories,
    push_and_load_an_adapter,
    read_and_write_as_a_file_system,
    read_the_header_of_safetensors,
    move_change_and_delete,
    commit_from_eight_at_once,
    upload_three_hundred_files,
    load_again_without_a_network,
)
