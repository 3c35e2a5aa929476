import pytest

CARD = "---\nlicense: mit\ntags: [climate]\nlanguage: en\ndatasets: [alice/texts]\n---\n# Card\n"
CONFIG = '{"model_type": "bert", "architectures": ["BertForSequenceClassification"], "id2label": {}}'


@pytest.fixture(scope="module")
def model(hub):
    repo_id = hub.api().create_repo("alice/climate-model").repo_id
    hub.commit(repo_id, {"README.md": CARD, "config.json": CONFIG, "model.onnx.txt": "x"})
    hub.api().upload_file(path_or_fileobj=b"weights", path_in_repo="model.safetensors", repo_id=repo_id)
    return repo_id


@pytest.fixture(scope="module")
def datasets(hub):
    ids = [
        hub.api().create_repo(f"bob-data-{n}" if n else "alice/texts", repo_type="dataset").repo_id for n in range(4)
    ]
    hub.commit(ids[0], {"README.md": "---\ntask_categories: [text-classification]\n---\n"}, api="datasets")
    return ids


def test_the_card_and_the_configuration_are_read(hub, model):
    info = hub.api().model_info(model)
    assert info.pipeline_tag == "text-classification"
    assert info.library_name == "transformers"
    assert info.card_data.license == "mit"
    assert {"license:mit", "climate", "en", "dataset:alice/texts", "safetensors", "transformers"} <= set(info.tags)
    assert info.config == {"model_type": "bert", "architectures": ["BertForSequenceClassification"]}


def test_sizes_come_with_the_metadata_of_files(hub, model):
    siblings = {s.rfilename: s for s in hub.api().model_info(model, files_metadata=True).siblings}
    assert siblings["model.safetensors"].size == 7
    assert siblings["model.safetensors"].lfs.sha256
    assert siblings["config.json"].lfs is None
    assert siblings["config.json"].blob_id


def test_only_what_is_asked_for_is_told(hub, model):
    answer = hub.request("GET", f"/api/models/{model}?expand=sha&expand=tags").json()
    assert set(answer) == {"_id", "id", "modelId", "sha", "tags"}


def test_an_older_revision_is_described_as_it_was(hub, model):
    first = hub.api().list_repo_commits(model)[-1].commit_id
    info = hub.api().model_info(model, revision=first)
    assert info.sha == first
    assert [s.rfilename for s in info.siblings] == [".gitattributes"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"search": "climate"}, True),
        ({"search": "CLIMATE-M"}, True),
        ({"search": "weather"}, False),
        ({"author": "alice"}, True),
        ({"author": "bob"}, False),
        ({"filter": "climate"}, True),
        ({"filter": ["climate", "license:mit"]}, True),
        ({"filter": ["climate", "license:gpl"]}, False),
        ({"pipeline_tag": "text-classification"}, True),
        ({"pipeline_tag": "fill-mask"}, False),
    ],
)
def test_models_are_searched_and_filtered(hub, model, asked, found):
    assert (model in {info.id for info in hub.api().list_models(**asked)}) is found


def test_lists_are_sorted_limited_and_paged(hub, datasets):
    api = hub.api()
    assert [info.id for info in api.list_datasets(author="alice", sort="created_at", limit=2)] == datasets[:1:-1]
    newest = next(iter(api.list_datasets(author="alice", sort="last_modified")))
    assert newest.id == datasets[0]
    answer = hub.request("GET", "/api/datasets?author=alice&limit=3")
    assert len(answer.json()) == 3
    address = answer.headers["link"].split(">")[0].removeprefix(f"<{hub.endpoint}")
    rest = hub.request("GET", address).json()
    assert {item["id"] for item in rest}.isdisjoint({item["id"] for item in answer.json()})


@pytest.mark.parametrize("query", ["sort=name", "cursor=!!", "limit=x"])
def test_a_list_that_is_none_is_a_400(hub, query):
    assert hub.request("GET", f"/api/models?{query}").status == 400


def test_a_dataset_is_filtered_by_its_task(hub, datasets):
    found = hub.api().list_datasets(filter="task_categories:text-classification")
    assert [info.id for info in found] == [datasets[0]]


@pytest.mark.parametrize("card", ["---\na: [\n---\n", "---\n- x\n---\n", "no metadata", ""])
def test_a_card_that_cannot_be_read_is_no_obstacle(hub, card):
    repo_id = hub.repo()
    assert hub.commit(repo_id, {"README.md": card, "config.json": "[1"}).status == 200
    assert hub.api().model_info(repo_id).pipeline_tag is None
