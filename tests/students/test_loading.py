"""Loading by name or from a folder: light, safe, and the same answer for a text in any company."""

import json
import shutil
import subprocess
import sys
import uuid

import numpy as np
import pytest

from factory.data.examples import read_examples
from factory.errors import DataError, HubError
from factory.hub.embedded import embedded_hub
from factory.recipe_students import Linear, Static
from factory.students.linear import train_linear
from factory.students.loading import load, load_folder
from factory.students.static import train_static
from tests.students.lessons import single_lesson
from tests.students.toy import STUDENT

LIGHT = """
import sys
from factory import load
print(load(sys.argv[1])("the soup was great")[0]["label"])
heavy = {"torch", "transformers", "datasets", "sklearn", "pandas", "onnx", "safetensors"}
for_others = {"aiohttp", "pydantic", "yaml", "huggingface_hub", "httpx", "httpx2", "requests"}
found = (heavy | for_others) & set(sys.modules)
assert not found, found
"""


@pytest.fixture(scope="session")
def texts(toy):
    return [row.text for part in ("held_out", "validation") for row in read_examples(toy / "splits" / f"{part}.jsonl")]


@pytest.fixture(scope="session")
def linear(tmp_path_factory):
    """The folder of a student that numpy alone can read."""
    folder = tmp_path_factory.mktemp("linear")
    train_linear(single_lesson(Linear(name="tiny", method="linear"), folder)).save(folder / "model")
    return folder / "model"


@pytest.fixture(scope="session")
def static(toy, tmp_path_factory):
    """The folder of a student that numpy and tokenizers can read."""
    folder = tmp_path_factory.mktemp("static")
    student = Static(name="tiny", method="static", base_model="acme/tiny")
    train_static(single_lesson(student, folder, toy / "base")).save(folder / "model")
    return folder / "model"


@pytest.fixture
def copy(published, tmp_path):
    """A copy of the model's folder that a test may spoil."""
    return shutil.copytree(published, tmp_path / "model")


@pytest.fixture(scope="session")
def hub(published, tmp_path_factory):
    """An embedded Hub, and a model on it that has a tag and more files than are needed."""
    from huggingface_hub import HfApi

    folder = shutil.copytree(published, tmp_path_factory.mktemp("repo") / "model")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Toy\n")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    repo_id = f"acme/toy-{uuid.uuid4().hex[:8]}"  # huggingface_hub's cache may outlive a run
    with embedded_hub(tmp_path_factory.mktemp("hub") / "hub") as access:
        api = HfApi(endpoint=access.endpoint, token=access.token)
        repo_id = f"{access.user}/{repo_id.partition('/')[2]}"
        api.create_repo(repo_id)
        api.upload_folder(repo_id=repo_id, folder_path=folder)
        api.create_tag(repo_id, tag="release-1")
        yield {"endpoint": access.endpoint, "token": access.token, "repo_id": repo_id}


def read(hub, **more):
    return load(hub["repo_id"], endpoint=hub["endpoint"], token=hub["token"], **more)


def edit_config(folder, **changes):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_a_text_gives_its_label_and_score(published):
    (answer,) = load_folder(published)("the soup was wonderful")
    assert answer["label"] == "yes"
    assert 0.5 < answer["score"] <= 1


def test_a_list_gives_an_answer_each_in_its_order(published):
    answers = load_folder(published)(["the soup was awful", "the soup was wonderful"])
    assert [answer["label"] for answer in answers] == ["no", "yes"]


def test_an_empty_list_gives_no_answers(published):
    assert load_folder(published)([]) == []
    assert load_folder(published).scores([]).shape == (0, 2)


def test_scores_are_a_distribution_over_the_labels_in_their_order(published, texts):
    classifier = load_folder(published)
    assert classifier.labels == ["yes", "no"]
    scores = classifier.scores(texts)
    assert scores.shape == (len(texts), 2)
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)


@pytest.mark.parametrize("name", ["onnx/model_quantized.onnx", "onnx/model.onnx"])
def test_a_text_gets_the_same_answer_alone_and_in_company(published, texts, name):
    classifier = load_folder(published, published / name)
    alone = np.concatenate([classifier.scores([text]) for text in texts])
    company = classifier.scores([*texts, "a very long text about soup " * 4])
    assert np.array_equal(company[: len(texts)], alone)


def test_a_long_text_is_cut_where_the_tokenizer_says(published):
    classifier = load_folder(published)
    long, cut = "the soup was nice " * 1000, "the soup was nice " * STUDENT.max_length
    assert np.array_equal(classifier.scores([long]), classifier.scores([cut]))


def test_without_onnx_transformers_gives_the_same_scores(published, trained, texts):
    heavy, light = load_folder(trained.path / "model"), load_folder(published, published / "onnx" / "model.onnx")
    assert heavy.labels == light.labels
    assert np.abs(heavy.scores([*texts, "soup " * 999]) - light.scores([*texts, "soup " * 999])).max() < 1e-4


@pytest.mark.parametrize("kind", ["published", "linear", "static"])
def test_a_folder_is_read_without_torch_pydantic_or_a_client_of_the_hub(kind, request):
    command = [sys.executable, "-c", LIGHT, str(request.getfixturevalue(kind))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("yes\n", "")


def test_several_labels_are_given_where_they_reach_their_thresholds(copy):
    edit_config(copy, problem_type="multi_label_classification", thresholds={"yes": 0.0, "no": 0.999})
    for classify in (load_folder(copy), load_folder(copy, copy / "onnx" / "model.onnx")):
        scores = classify.scores("the soup was wonderful")[0]
        assert classify("the soup was wonderful") == [[{"label": "yes", "score": pytest.approx(scores[0])}]]
        assert scores.sum() != pytest.approx(1)
    edit_config(copy, thresholds={"yes": 0.0, "no": 0.0})
    (answer,) = load_folder(copy)("the soup was wonderful")
    assert [given["label"] for given in answer] == ["yes", "no"]
    edit_config(copy, thresholds={"yes": 1.1, "no": 1.1})
    assert load_folder(copy)(["the soup was wonderful", "soup"]) == [[], []]


def test_without_thresholds_a_label_needs_half(copy):
    edit_config(copy, problem_type="multi_label_classification")
    classify = load_folder(copy)
    scores = classify.scores("the soup was wonderful")[0]
    assert scores[0] > 0.5 > scores[1]
    assert [[given["label"] for given in answer] for answer in classify("the soup was wonderful")] == [["yes"]]


def test_light_and_heavy_read_a_pair_alike(published, trained):
    heavy, light = load_folder(trained.path / "model"), load_folder(published, published / "onnx" / "model.onnx")
    pairs = [("the soup was great", "the dog was bad"), {"text": "no", "text_pair": "the pizza was poor"}]
    assert np.abs(heavy.scores(pairs) - light.scores(pairs)).max() < 1e-4
    assert not np.array_equal(light.scores(pairs[0]), light.scores(pairs[0][::-1]))
    assert light(pairs[0]) == light([{"text": pairs[0][0], "text_pair": pairs[0][1]}])


def test_one_text_is_refused_by_a_model_that_reads_two(copy):
    edit_config(copy, text_pair=True)
    with pytest.raises(DataError, match=r"text 2 is alone, but the model reads pairs; give \(text, text_pair\)"):
        load_folder(copy)([("soup", "dog"), "soup"])


@pytest.mark.parametrize("given", [7, ["soup", None], [("a", "b", "c")], {"txt": "a"}])
def test_what_is_no_text_is_refused(published, given):
    with pytest.raises(DataError, match=r"is no text; give texts, pairs"):
        load_folder(published)(given)


def test_a_published_model_is_read_by_name(hub, texts, published):
    assert np.array_equal(read(hub).scores(texts), load_folder(published).scores(texts))


def test_only_the_files_that_are_needed_are_pulled(hub):
    from huggingface_hub import scan_cache_dir

    read(hub)
    read(hub, revision="release-1")
    (repo,) = [repo for repo in scan_cache_dir().repos if repo.repo_id == hub["repo_id"]]
    assert {file.file_path.name for revision in repo.revisions for file in revision.files} <= {
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model_quantized.onnx",
        "model.onnx",  # by the next test, if that ran first
    }


@pytest.mark.parametrize("kind", ["linear", "static"])
def test_a_model_without_a_network_is_read_by_name(hub, kind, request, texts):
    from huggingface_hub import HfApi

    folder = request.getfixturevalue(kind)
    repo_id = f"{hub['repo_id']}-{kind}"
    api = HfApi(endpoint=hub["endpoint"], token=hub["token"])
    api.create_repo(repo_id)
    api.upload_folder(repo_id=repo_id, folder_path=folder)
    pulled = read({**hub, "repo_id": repo_id})
    assert np.array_equal(pulled.scores(texts), load_folder(folder).scores(texts))
    with pytest.raises(HubError, match=r"has no onnx/model\.onnx; leave it out"):
        read({**hub, "repo_id": repo_id}, file="onnx/model.onnx")


def test_another_file_can_be_asked_for(hub, published, texts):
    full = load_folder(published, published / "onnx" / "model.onnx")
    assert np.array_equal(read(hub, file="onnx/model.onnx").scores(texts), full.scores(texts))


def test_pulling_writes_nothing_on_the_terminal(hub, capfd):
    read(hub)
    assert capfd.readouterr() == ("", "")


def test_a_model_in_the_cache_is_read_while_its_hub_is_away(hub, published, texts):
    read(hub)
    away = load(hub["repo_id"], endpoint="http://127.0.0.1:9")
    assert np.array_equal(away.scores(texts), load_folder(published).scores(texts))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"revision": "release-9"}, "has no such revision"),
        ({"file": "onnx/model_q4.onnx"}, r"has no onnx/model_q4\.onnx; leave it out"),
    ],
)
def test_what_the_hub_does_not_have_is_named(hub, more, sentence):
    with pytest.raises(HubError, match=f"{hub['repo_id']} on 127.0.0.1:.* {sentence}"):
        read(hub, **more)


def test_a_repository_that_is_not_there_is_named(hub):
    with pytest.raises(HubError, match=r"nobody/nothing on .* does not exist"):
        load("nobody/nothing", endpoint=hub["endpoint"], token=hub["token"])


def test_a_hub_that_is_away_is_named():
    with pytest.raises(HubError, match=r"nobody/nothing on 127\.0\.0\.1:9 .*check"):
        load("nobody/nothing", endpoint="http://127.0.0.1:9")


def test_a_folder_without_settings_is_refused(copy):
    (copy / "tokenizer.json").unlink()
    with pytest.raises(HubError, match=r"has no tokenizer\.json; it is not a text classifier"):
        load_folder(copy)


def test_pickled_weights_alone_are_refused(copy):
    shutil.rmtree(copy / "onnx")
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(HubError, match="has neither ONNX nor safetensors; pickled weights can run code"):
        load(str(copy))


def test_a_model_with_code_of_its_own_is_refused(copy):
    edit_config(copy, auto_map={"AutoModel": "modeling.Model"})
    with pytest.raises(HubError, match="needs code of its own"):
        load_folder(copy)


def test_a_task_that_gives_no_labels_is_refused(copy):
    edit_config(copy, problem_type="regression")
    with pytest.raises(HubError, match="its task is regression; choose a model that gives labels"):
        load_folder(copy)


def test_a_model_that_knows_one_label_only_is_refused(copy):
    edit_config(copy, id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0})
    with pytest.raises(HubError, match="knows one label only, so it has nothing to tell apart"):
        load_folder(copy)


def test_a_file_that_is_not_there_is_named(copy):
    with pytest.raises(HubError, match=r"other\.onnx: there is no such file"):
        load(str(copy), file="onnx/other.onnx")


@pytest.mark.parametrize("content", [b"", b"no ONNX at all", b"cut"])
def test_a_damaged_file_is_named(copy, content):
    file = copy / "onnx" / "model_quantized.onnx"
    file.write_bytes(file.read_bytes()[:9000] if content == b"cut" else content)
    with pytest.raises(HubError, match=r"model_quantized\.onnx: is damaged or no ONNX file"):
        load_folder(copy)


@pytest.mark.parametrize(("content", "said"), [("{", "is no JSON"), ("{}", "describes no tokenizer")])
def test_a_damaged_tokenizer_is_named(copy, content, said):
    (copy / "tokenizer.json").write_text(content)
    with pytest.raises(HubError, match=rf"tokenizer\.json: {said}"):
        load_folder(copy)


def test_settings_that_are_no_json_are_named(copy):
    (copy / "config.json").write_text("{")
    with pytest.raises(HubError, match=r"config\.json: is no JSON"):
        load_folder(copy)
