import json
import re

import pytest
import yaml
from markdown_it import MarkdownIt

from factory.release.release import write_release
from tests.release.outputs import RECIPE, gold_rows, make_outputs
from tests.release.pages import CASES, GOLDEN, LABELS

MARKDOWN = MarkdownIt("gfm-like", {"html": True, "linkify": False})
TEXT = ("h1", "h2", "h3", "p", "em", "strong", "code", "pre", "ul", "li")
TABLE = ("table", "thead", "tbody", "tr", "th", "td")
FENCE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def cards(folder):
    return {path.parent.name: path.read_text() for path in folder.glob("*/README.md")}


def parts(card):
    """Return metadata and page as huggingface_hub cuts them."""
    from huggingface_hub import RepoCard

    found = RepoCard(card, ignore_metadata_errors=False)
    return found.data.to_dict(), found.text


@pytest.mark.parametrize("case", CASES)
def test_whole_cards_are_the_golden_ones(releases, case):
    """`make docs` rewrites them; read the difference before you commit it."""
    for name, card in cards(releases[case]).items():
        assert card == (GOLDEN / f"{case}-{name.split('-')[0]}.md").read_text(), f"{case}: {name}"


@pytest.mark.parametrize("case", CASES)
def test_no_card_has_an_empty_section_or_a_leftover(releases, case):
    for card in cards(releases[case]).values():
        page = parts(card)[1]
        for leftover in ("More Information Needed", " None", ": null", "\n\n\n", "{{ data"):
            assert leftover not in card
        titles = [token for token in MARKDOWN.parse(page) if token.level == 0 and token.type != "inline"]
        for title, following in zip(titles, [*titles[1:], None], strict=True):
            if title.type == "heading_close":
                assert following, "a section at the end of the page is empty"
                assert following.type != "heading_open" or following.tag > title.tag, card


@pytest.mark.parametrize("case", ["no-gold", "hostile"])
def test_without_gold_no_file_of_the_release_speaks_of_accuracy(releases, case):
    for path in releases[case].rglob("*"):
        if path.suffix in (".md", ".json", ".jsonl", ".yaml"):
            text = path.read_text().lower()
            assert "accuracy" not in text, path
            assert "macro-f1" not in text, path
            assert "model-index" not in text, path


def test_without_gold_the_first_thing_said_is_that_nobody_knows(releases):
    page = cards(releases["no-gold"])["model-minilm"].split("\n## ")[0]
    assert "How often it is right is not known" in page


def test_gold_that_no_human_labelled_is_called_so_beside_every_score(releases):
    for card in cards(releases["model-gold"]).values():
        assert "**The gold labels are not from humans**" in card
        assert "is right **" not in card


def test_gold_by_humans_is_not_doubted(releases):
    for card in cards(releases["human-gold"]).values():
        assert "not from humans" not in card


def test_every_score_of_a_card_is_in_its_report(releases):
    """No number is typed: each `x [low, high]` on the page is an interval of the report."""
    folder = releases["human-gold"] / "model-minilm"
    known = set()

    def collect(value):
        if isinstance(value, dict) and {"value", "low", "high"} <= value.keys():
            known.add("{:.1f} [{:.1f}, {:.1f}]".format(*(100 * value[name] for name in ("value", "low", "high"))))
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(item)

    collect(json.loads((folder / "eval" / "report.json").read_text()))
    shown = re.findall(r"-?\d+\.\d \[-?\d+\.\d, -?\d+\.\d\]", (folder / "README.md").read_text())
    assert len(shown) >= 15
    assert set(shown) <= known


def test_metadata_names_what_the_hub_links(releases):
    metadata, _ = parts(cards(releases["human-gold"])["model-minilm"])
    assert metadata["library_name"] == "transformers"
    assert metadata["pipeline_tag"] == "text-classification"
    assert metadata["license"] == "apache-2.0"
    assert metadata["language"] == ["en"]
    assert metadata["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert metadata["datasets"] == ["me/climate-stance"]
    assert metadata["metrics"] == ["accuracy", "f1", "matthews_correlation"]


def test_results_in_the_metadata_are_those_of_the_safetensors_on_gold(releases):
    metadata, _ = parts(cards(releases["human-gold"])["model-minilm"])
    (result,) = metadata["model-index"][0]["results"]
    report = json.loads((releases["human-gold"] / "report.json").read_text())
    gold = report["students"][0]["gold"]
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == {
        "accuracy": gold["accuracy"]["value"],
        "f1": gold["macro_f1"]["value"],
        "matthews_correlation": gold["matthews_correlation"]["value"],
    }
    assert result["dataset"]["revision"] == "release-0123456789ab"
    assert result["dataset"]["args"]["sha256"] == report["gold"]["sha256"]


def test_results_on_gold_of_a_hub_name_that_dataset(tmp_path):
    recipe = RECIPE.replace("{file: gold.jsonl,", "{dataset: org/gold, revision: v2,")
    given = make_outputs(tmp_path, recipe, gold=gold_rows(LABELS))
    (tmp_path / "release").mkdir()
    write_release(*given, out=tmp_path / "release")
    metadata, _ = parts(cards(tmp_path / "release")["model-minilm"])
    dataset = metadata["model-index"][0]["results"][0]["dataset"]
    assert (dataset["type"], dataset["split"], dataset["revision"]) == ("org/gold", "test", "v2")


def test_the_widget_shows_held_out_texts_with_what_the_model_said(releases):
    folder = releases["human-gold"] / "model-minilm"
    metadata, _ = parts((folder / "README.md").read_text())
    lines = [json.loads(line) for line in (folder / "eval" / "predictions.jsonl").read_text().splitlines()]
    from factory.data.examples import Example

    said = {line["id"]: line for line in lines if line["set"] == "test" and line["format"] == "safetensors"}
    assert len(metadata["widget"]) == 3
    for shown in metadata["widget"]:
        line = said[Example(shown["text"]).id]
        assert shown["output"] == [{"label": line["predicted"], "score": line["score"]}]


def test_code_on_a_card_is_code(releases):
    for case in releases.values():
        for name, card in cards(case).items():
            blocks = FENCE.findall(card)
            assert len(blocks) == {"model": 2, "dataset": 1, "space": 0}[name.split("-")[0]]
            for block in blocks:
                compile(block, name, "exec")


@pytest.mark.parametrize("case", ["human-gold", "pairs", "multi-label"])
def test_the_code_on_a_model_card_runs(releases, tmp_path, case):
    """With the id replaced by a folder that holds a model, since these releases hold none."""
    from tests.hub.releases import write_model

    write_model(tmp_path / "model", "0123456789ab")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    if case == "multi-label":
        config |= {"problem_type": "multi_label_classification", "thresholds": {"good": 0, "bad": 2}}
        (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    block = FENCE.search(cards(releases[case])["model-minilm"])[1]
    places = {}
    exec(block.replace("me/climate-stance-minilm", str(tmp_path / "model")), places)
    if case == "pairs":
        answer = places["classify"]({"text": "A text.", "text_pair": "that is far too long. " * 200})
    else:
        (answer,) = places["classify"]("A text that is far too long. " * 200)
    assert answer["label"] in ("good", "bad")


def test_the_code_for_label_sets_minds_thresholds(releases):
    block = FENCE.search(cards(releases["multi-label"])["model-minilm"])[1]
    *_, expression, _ = [line for line in block.splitlines() if line]
    scores, thresholds = [{"label": "a", "score": 0.5}, {"label": "b", "score": 0.4}], {"a": 0.5, "b": 0.41}
    assert eval(expression, {"scores": scores, "thresholds": thresholds}) == ["a"]


def test_hostile_texts_become_no_markup(releases):
    for card in cards(releases["hostile"]).values():
        metadata, page = parts(card)
        html = MARKDOWN.render(page)
        assert set(re.findall(r"<(\w+)", html)) <= {*TEXT, *TABLE}
        assert "apache-2.0" in metadata["license"]
        assert html.count("<h1>") == 1


def test_hostile_texts_reach_no_terminal(releases):
    for path in releases["hostile"].rglob("*"):
        if path.suffix in (".md", ".json", ".yaml"):
            assert "\x1b" not in path.read_text(), path
    assert "\u202e" not in cards(releases["hostile"])["dataset"]


def test_metadata_survives_what_yaml_would_misread(releases):
    metadata, _ = parts(cards(releases["hostile"])["dataset"])
    assert metadata["language"] == ["no"]
    names = metadata["dataset_info"][0]["features"][2]["dtype"]["class_label"]["names"]
    assert list(names.values()) == ["a|b", "<img src=x onerror=alert(1)>", "{{ config }}"]


def test_a_base_model_from_a_folder_is_no_link(releases):
    metadata, page = parts(cards(releases["hostile"])["model-tiny"])
    assert "base_model" not in metadata
    assert "`folder-of-mine`" in page


@pytest.mark.parametrize("case", CASES)
def test_the_embedded_hub_accepts_every_card(releases, case):
    from factory.localhub.cards import check_card

    for name, card in cards(releases[case]).items():
        assert check_card(card, name.split("-")[0]) == ([], [])


def test_credits_are_given_and_their_addresses_work(releases):
    for name in ("model-minilm", "dataset"):
        assert "The gold: A. Reader, https://example.org/gold. cc-by-4.0." in cards(releases["human-gold"])[name]


def test_the_space_can_be_run_by_its_settings(releases):
    metadata, _ = parts(cards(releases["human-gold"])["space"])
    assert metadata["sdk"] == "gradio"
    requirements = (releases["human-gold"] / "space" / "requirements.txt").read_text()
    assert f"=={metadata['sdk_version']}" in requirements
    assert len(metadata["short_description"]) <= 60
    assert yaml.safe_load(yaml.safe_dump(metadata)) == metadata


def test_several_students_know_of_each_other_and_of_what_the_texts_were_asked_for(tmp_path):
    recipe = RECIPE.replace("{rows: 300}", "{rows: 300, attributes: {tone: [dry, loud], form: [headline]}}")
    given = make_outputs(tmp_path, f"{recipe}  - {{name: big, base_model: org/big}}\n", gold=gold_rows(LABELS))
    (tmp_path / "release").mkdir()
    write_release(*given, out=tmp_path / "release")
    found = cards(tmp_path / "release")
    assert "Trained on the same rows: `me/climate-stance-big`." in found["model-minilm"]
    assert "Trained on the same rows: `me/climate-stance-minilm`." in found["model-big"]
    assert "Models trained on it: `me/climate-stance-minilm`, `me/climate-stance-big`." in found["dataset"]
    for name in ("dataset", "model-big"):
        assert "with one value of tone (dry, loud); form (headline)." in found[name]
    assert "big" not in re.sub(r".*me/climate-stance-big`.*", "", found["model-minilm"])
