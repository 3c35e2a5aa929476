"""The section on licences of a card."""

import json

import pytest

from factory.release.release import write_release
from factory.store import Artifact
from tests.release.outputs import RECIPE, make_outputs

BASE = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture
def section(tmp_path):
    """What writes a release by changes to its recipe and the card of its base model, and returns a section."""

    def write(*changes, card=None, rows=None, folder="model-minilm"):
        text = "".join(line for line in RECIPE.splitlines(True) if not line.startswith("gold:"))
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        outputs = make_outputs(tmp_path, text)
        outputs.licenses = {}
        for name, facts in {f"model {BASE}": card, "dataset org/rows": rows}.items():
            if facts is not None:
                place = tmp_path / f"license {len(outputs.licenses)}"
                place.mkdir()
                (place / "license.json").write_text(json.dumps(facts))
                outputs.licenses[name] = Artifact(place, "")
        write_release(*outputs, out=tmp_path / "release")
        page = (tmp_path / "release" / folder / "README.md").read_text()
        return page.split("## Licence and credit\n\n")[1].split("\n\n")[0].splitlines()

    (tmp_path / "release").mkdir()
    return write


def test_a_base_model_is_named_with_what_its_licence_asks(section, tmp_path):
    own, base, teacher, shown = section(card={"license": "llama3.2"})
    assert own == "- This model: apache-2.0. The dataset: apache-2.0."
    assert base.startswith(f"- The base model `{BASE}`: llama3.2. It asks to pass its agreement on, to show the words")
    assert base.endswith("(section 1.b.i of https://www.llama.com/llama3_2/license/).")
    assert teacher.startswith(
        "- The teacher: openai/gpt-oss-120b. Its weights are under apache-2.0, which says nothing"
    )
    assert shown == "- **Built with Llama**"
    told = json.loads((tmp_path / "release" / "model-minilm" / "provenance.json").read_text())["licenses"]
    assert [(part["part"], part["license"]) for part in told] == [
        ("base model", "llama3.2"),
        ("teacher", "apache-2.0"),
    ]


def test_the_words_that_only_what_holds_the_weights_shows_are_not_asked_of_what_learned_from_answers(section):
    llama = ("teacher: {model: openai/gpt-oss-120b", "teacher: {model: llama-3.1-8b")
    *_, teacher = section(llama, card={"license": "mit"})
    assert "which asks, of models that learn from its answers, to begin the name of the model with Llama" in teacher


def test_what_is_not_known_is_said_to_be_unknown(section):
    given = [("teacher: {model: openai/gpt-oss-120b", "teacher: {model: a-model")]
    _, base, teacher = section(*given)
    assert base == f"- The base model `{BASE}` has a licence of its own, which its card did not tell; see its page."
    assert teacher.startswith("- The teacher: a-model. Its terms are not known here; they may limit")


def test_a_licence_that_is_not_in_the_table_is_named_with_its_place(section):
    card = {"license": "other", "license_name": "our|own", "license_link": "https://example.org/terms"}
    _, base, _ = section(card=card)
    asked = "What that asks is not known here."
    assert base == f"- The base model `{BASE}`: our&#124;own (https://example.org/terms). {asked}"


def test_a_contradiction_is_on_the_card_with_what_the_author_says_of_it(section):
    accepted = ("license: apache-2.0\n", "license: apache-2.0\npublish: {accept_license_conflict: We *asked* them}\n")
    *_, mind = section(accepted, card={"license": "cc-by-nc-4.0"})
    assert mind.startswith("- **Mind:** the base model sentence-transformers/all-MiniLM-L6-v2 is under cc-by-nc-4.0,")
    assert mind.endswith("The author published it all the same: We \\*asked\\* them")


def test_the_dataset_says_which_licence_is_of_what(section):
    texts = ("generate: {rows: 300}\n", "generate: {rows: 300}\ntexts: {file: texts.jsonl, license: cc-by-4.0}\n")
    own, rows, teacher = section(texts, card={"license": "mit"}, folder="dataset")
    made = "apache-2.0 for what the teacher wrote and labelled"
    assert own == f"- This dataset: cc-by-4.0 for the texts that came with the recipe, {made}."
    assert rows.startswith("- The texts: cc-by-4.0. It asks to credit the author and name the licence")
    assert teacher.startswith("- The teacher: ")


def test_texts_of_a_hub_under_several_licences_keep_them_all(section, tmp_path):
    texts = ("generate: {rows: 300}\n", "generate: {rows: 300}\ntexts: {dataset: org/rows}\n")
    own, rows, _ = section(texts, folder="dataset", rows={"license": ["mit", "cc-by-4.0"]})
    assert own.startswith("- This dataset: mit and cc-by-4.0 for the texts that came with the recipe, apache-2.0 for")
    assert rows == "- The texts: dataset org/rows. mit and cc-by-4.0."
    card = (tmp_path / "release" / "dataset" / "README.md").read_text()
    assert "license:\n- mit\n- cc-by-4.0\n- apache-2.0\n" in card


def test_texts_without_a_licence_are_said_to_have_none_that_is_known(section):
    texts = ("generate: {rows: 300}\n", "generate: {rows: 300}\ntexts: {file: texts.jsonl}\n")
    own, rows, _ = section(texts, folder="dataset")
    assert own == "- This dataset: apache-2.0."
    assert rows == "- The texts: under which licence is not known."
