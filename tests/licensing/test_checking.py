import pytest

from factory.errors import GateError
from factory.licensing.checking import check_licenses, list_unknown, review_licenses, warn_of
from factory.licensing.parts import list_parts
from tests.licensing.recipes import make_recipe, stated

GOLD, TEXTS, MINE = "labelled_by: humans, license: mit", "texts.jsonl, license: mit", "license: apache-2.0"
TEACHER = "model: some-model"


def parts_of(folder, base, *changes, **more):
    recipe = make_recipe(folder, *changes)
    return recipe, list_parts(recipe, stated(folder, base, **more))


@pytest.mark.parametrize(
    ("base", "changes", "said"),
    [
        ("mit", [(GOLD, "labelled_by: humans, license: cc-by-nc-4.0")], "the gold gold.jsonl is under cc-by-nc-4.0"),
        ("mit", [(TEXTS, "texts.jsonl, license: cc-by-nc-sa-3.0")], "allows no commercial use, which apache-2.0 does"),
        ("cc-by-nc-4.0", [], "the base model org/base is under cc-by-nc-4.0, which allows no commercial use"),
        ("cc-by-sa-4.0", [], "be shared only under cc-by-sa-4.0 or gpl-3.0, not apache-2.0"),
        ("agpl-3.0", [], r"only under agpl-3.0, not apache-2.0 \(sections 5, 6 and 13 of https://www.gnu.org"),
        (
            "fair-noncommercial-research-license",
            [(MINE, "license: cc-by-nc-4.0")],
            r"only under fair-noncommercial-research-license, not cc-by-nc-4.0 \(section 1.b of",
        ),
        ("cc-by-nd-4.0", [(MINE, "license: other")], "lets nothing that is adapted from it be shared"),
    ],
)
def test_a_contradiction_is_refused_with_its_clause(tmp_path, base, changes, said):
    recipe, parts = parts_of(tmp_path, base, *changes)
    with pytest.raises(GateError, match=rf"^nothing was published: .*{said}.*accept_license_conflict$"):
        check_licenses(recipe, parts)


@pytest.mark.parametrize(
    ("mine", "base", "texts"),
    [
        ("cc-by-nc-sa-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-4.0"),
        ("gpl-3.0", "cc-by-sa-4.0", "mit"),
        ("agpl-3.0", "gpl-3.0", "mit"),
        ("apache-2.0", "llama3.2", "cc-by-sa-4.0"),
        ("apache-2.0", None, "a-licence-of-our-own"),
        ("other", "cc-by-nc-4.0", "cc-by-nc-4.0"),
    ],
)
def test_what_fits_or_is_not_known_is_not_refused(tmp_path, mine, base, texts):
    changes = [(MINE, f"license: {mine}"), (TEXTS, f"texts.jsonl, license: {texts}")]
    check_licenses(*parts_of(tmp_path, base, *changes))


def test_who_says_why_may_publish_all_the_same(tmp_path, caplog):
    accepted = (MINE, f'{MINE}\npublish: {{accept_license_conflict: "we have leave, letter of 3 May"}}')
    recipe = make_recipe(tmp_path, accepted)
    review_licenses(recipe, stated(tmp_path, "cc-by-nc-4.0"))
    assert "licence: the base model org/base is under cc-by-nc-4.0, which allows no commercial use" in caplog.text


@pytest.mark.parametrize(
    ("teacher", "said"),
    [
        ("model: claude-sonnet-5", "is Anthropic's, which asks that its outputs train no model without"),
        ("model: openai/gpt-5-mini", "is OpenAI's, which asks that outputs make no model which competes"),
        ('model: "my deployment", base_url: "https://api.openai.com/v1"', "section 3.3 (e) and the definition"),
        ("model: gemini-2.5-flash", "the section Use Restrictions of https://ai.google.dev/gemini-api/terms"),
        ("model: google/gemma-3-27b-it", "is under gemma, which asks to treat a model trained on its outputs"),
        ("model: meta-llama/Meta-Llama-3-8B", "that its outputs improve no other large language model"),
    ],
)
def test_the_clause_of_a_teacher_is_shown_and_nothing_refused(tmp_path, teacher, said):
    given = f'{TEACHER}, base_url: "http://127.0.0.1:9/v1"'
    new = teacher if "base_url" in teacher else f'{teacher}, base_url: "http://127.0.0.1:9/v1"'
    recipe, parts = parts_of(tmp_path, "mit", (given, new))
    (warning,) = warn_of(recipe, parts)
    assert said in warning
    assert "https://" in warning
    check_licenses(recipe, parts)


@pytest.mark.parametrize("teacher", ["openai/gpt-oss-120b", "some-model", "google/gemma-4-31b"])
def test_a_teacher_that_asks_nothing_or_is_not_known_gives_no_warning(tmp_path, teacher):
    recipe, parts = parts_of(tmp_path, "mit", (TEACHER, f"model: {teacher}"))
    assert list(warn_of(recipe, parts)) == []


@pytest.mark.parametrize("teacher", ["meta-llama/Llama-3.3-70B-Instruct", "llama-3.1-8b"])
def test_a_name_that_a_licence_asks_for_is_told(tmp_path, teacher):
    recipe, parts = parts_of(tmp_path, "mit", (TEACHER, f"model: {teacher}"))
    asked, named = warn_of(recipe, parts)
    assert "which asks to begin the name of the model with Llama (section 1.b.i of" in asked
    assert named == f"repositories are called mood..., and the teacher {teacher} asks for names that begin with Llama"
    recipe, parts = parts_of(tmp_path, "mit", (TEACHER, f"model: {teacher}"), ("name: mood", "name: llama-mood"))
    assert len(list(warn_of(recipe, parts))) == 1


@pytest.mark.parametrize(("name", "warnings"), [("llama-mood", 2), ("llama-3-mood", 1), ("llama3-mood", 1)])
def test_the_first_llama_3_asks_for_its_number_in_names(tmp_path, name, warnings):
    recipe, parts = parts_of(tmp_path, "llama3", ("name: mood", f"name: {name}"))
    assert len(list(warn_of(recipe, parts))) == warnings


def test_texts_that_are_to_be_shared_alike_are_warned_of(tmp_path):
    recipe, parts = parts_of(tmp_path, "mit", (TEXTS, "texts.jsonl, license: cc-by-sa-4.0"))
    (warning,) = warn_of(recipe, parts)
    assert "share what is adapted from it under the same licence" in warning
    assert warning.endswith("the recipe says apache-2.0")


def test_words_and_names_are_asked_for_by_models_and_not_by_rows(tmp_path):
    recipe, parts = parts_of(tmp_path, "mit", (TEXTS, "texts.jsonl, license: llama3.1"))
    assert list(warn_of(recipe, parts)) == []
    assert [part.shown for part in parts if part.license == "llama3.1"] == [""]


def test_a_base_model_of_several_students_is_warned_of_once(tmp_path):
    more = ("base_model: org/base}]", "base_model: org/base}, {name: other, base_model: org/base}]")
    assert len(list(warn_of(*parts_of(tmp_path, "gemma", more)))) == 1


def test_terms_that_go_on_with_what_is_made_from_a_base_model_are_warned_of(tmp_path):
    recipe, parts = parts_of(tmp_path, "gemma")
    (warning,) = warn_of(recipe, parts)
    assert warning.startswith("the base model org/base is under gemma, which asks to pass its terms, its list of")
    assert warning.endswith(
        "(sections 1.1 (e) and 3.1 of https://ai.google.dev/gemma/terms); the recipe says apache-2.0"
    )
    assert list(warn_of(*parts_of(tmp_path, "gemma", (MINE, "license: gemma")))) == []


def test_what_is_not_known_is_named(tmp_path):
    recipe, parts = parts_of(tmp_path, None, (TEXTS, "texts.jsonl"))
    shown = "the base model org/base, the texts texts.jsonl, the teacher some-model"
    assert list(list_unknown(parts)) == [f"not known here so far: the licence or the terms of {shown}"]
    assert list(warn_of(recipe, parts)) == []


def test_a_licence_of_its_own_is_looked_up_by_its_name(tmp_path):
    recipe, parts = parts_of(tmp_path, "other", license_name="qwen-research")
    with pytest.raises(GateError, match="under qwen-research, which allows no commercial use"):
        check_licenses(recipe, parts)
    _, (base, *_) = parts_of(tmp_path, "other", license_name="our-own", license_link="LICENSE")
    assert (base.license, base.terms, base.link) == ("our-own", None, "LICENSE")
