"""A real Hub with a release on it, and its pages as a browser without style sees them."""

import io
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from factory.localhub.admin import add_user, verify
from tests.localhub.conftest import start_hub

LABELS = ["agree", "neutral", "disagree"]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MODEL_CARD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-classification
base_model: someone/elsewhere
datasets: [alice/stance]
tags: [hf-factory, release-1]
model-index:
- name: stance
  results:
  - task: {type: text-classification}
    dataset: {type: alice/stance, name: stance gold}
    metrics: [{type: accuracy, value: 0.7421, name: Accuracy}]
---
# Stance

It is **small**, see [the report](eval/report.json) and [the dataset](https://huggingface.co/datasets/alice/stance).

| a | b |
|---|--:|
| 1 | 2 |
"""
DATASET_CARD = """---
task_categories: [text-classification]
configs:
- config_name: default
  data_files:
  - {split: train, path: data/train-*}
  - {split: test, path: data/test-*}
- config_name: rejected
  data_files: rejected/*.parquet
---
# Stance data
"""
SPACE_CARD = "---\nsdk: gradio\nemoji: 🌍\napp_file: app.py\nmodels: [alice/stance-tiny]\n---\n# Try it\n"


@dataclass
class Page:
    """An answer taken apart: what a reader sees, and where its links and pictures lead."""

    status: int
    headers: dict
    html: str
    text: str = ""
    links: dict = field(default_factory=dict)
    pictures: list = field(default_factory=list)
    tags: list = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.page, self.words, self.open_links = page, [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.page.tags.append((tag, attributes))
        if tag in ("td", "th"):
            self.words.append(" ")
        if tag == "a":
            self.open_links.append((attributes.get("href"), len(self.words)))
        if tag == "img":
            self.page.pictures.append(attributes.get("src"))

    def handle_endtag(self, tag):
        if tag == "a":
            target, start = self.open_links.pop()
            self.page.links[" ".join("".join(self.words[start:]).split())] = target

    def handle_data(self, data):
        self.words.append(data)


def read_page(answer):
    page = Page(answer.status, answer.headers, answer.body.decode())
    reader = _Reader(page)
    reader.feed(page.html)
    page.text = " ".join("".join(reader.words).split())
    return page


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    root = tmp_path_factory.mktemp("pages-hub")
    tokens = {name: add_user(root, name) for name in ("alice", "bob")}
    with start_hub(root) as running:
        running.tokens.update(tokens)
        yield running
    assert verify(root) == []


@pytest.fixture(scope="session")
def browse(hub):
    """Get a page as a browser does, signed in by a cookie when one is given."""

    def get(path, *, cookie=None):
        return read_page(hub.request("GET", path, headers={**BROWSER, **({"Cookie": cookie} if cookie else {})}))

    return get


@pytest.fixture(scope="session")
def sign_in(hub):
    """Sign in as a user and return the cookie."""

    def post(user, *, target="/", headers=None):
        body = urlencode({"token": hub.tokens[user], "next": target}).encode()
        return hub.request("POST", "/sign-in", body=body, headers={**BROWSER, **(headers or {})})

    return post


@pytest.fixture(scope="session")
def cookie(sign_in):
    return sign_in("alice").headers["set-cookie"].split(";")[0]


@pytest.fixture(scope="session")
def release(hub):
    """A dataset of 50 rows, a model trained on it, a Space and a collection, as alice publishes them."""
    api = hub.api()
    dataset, model, space = "alice/stance", "alice/stance-tiny", "alice/stance"
    for name, kind in ((dataset, "dataset"), (model, "model"), (space, "space")):
        api.create_repo(name, repo_type=kind, space_sdk="gradio" if kind == "space" else None)
    rows = [(f"text {number}", number % 3) for number in range(50)]
    data = {"data/train-0.parquet": parquet(rows[:30]), "data/train-1.parquet": parquet(rows[30:45])}
    data |= {"data/test-0.parquet": parquet(rows[45:]), "rejected/r.parquet": parquet(rows[:2])}
    push(api, dataset, "dataset", {"README.md": DATASET_CARD, **data})
    files = {"README.md": MODEL_CARD, "eval/report.json": '{"rows": 5}\n', "model.safetensors": bytes(range(256)) * 10}
    push(api, model, "model", files)
    push(api, model, "model", {"plots/a b#.txt": "one\n<two>\n"}, message="Add a plot")
    api.create_tag(model, tag="release-1")
    push(api, space, "space", {"README.md": SPACE_CARD, "app.py": "print()\n"})
    collection = api.create_collection("Stance of news", namespace="alice", description="All of it.")
    api.add_collection_item(collection.slug, model, "model", note="the <small> one")
    return SimpleNamespace(dataset=dataset, model=model, space=space, collection=collection.slug)


def push(api, repo_id, repo_type, files, *, message="Publish"):
    from huggingface_hub import CommitOperationAdd

    contents = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    operations = [CommitOperationAdd(path, content) for path, content in contents.items()]
    api.create_commit(repo_id, repo_type=repo_type, operations=operations, commit_message=message)


def parquet(rows, *, names=LABELS, group=8):
    """Return a Parquet file of texts and labels as `datasets` would write it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    label = {"names": names, "_type": "ClassLabel"}
    features = {"text": {"dtype": "string", "_type": "Value"}, "label": label}
    table = pa.table({"text": [text for text, _ in rows], "label": pa.array([label for _, label in rows], pa.int64())})
    buffer = io.BytesIO()
    described = json.dumps({"info": {"features": features}}).encode()
    pq.write_table(table.replace_schema_metadata({b"huggingface": described}), buffer, row_group_size=group)
    return buffer.getvalue()


@pytest.fixture
def call(tmp_path):
    """A request of nobody to an empty Hub, for what needs no server."""
    from starlette.datastructures import QueryParams

    from factory.localhub.calls import Call
    from factory.localhub.store import Store

    store = Store(Path(tmp_path / "store"))
    yield Call(store, "GET", "/", QueryParams(""), {"host": "127.0.0.1:7870"})
    store.close()
