import pytest

from factory.licensing.terms import FAMILIES, LICENSES, find_family, find_terms


def test_every_line_names_its_page_and_clause():
    for terms in [*LICENSES.values(), *(family.terms for family in FAMILIES if family.terms)]:
        assert terms.url.startswith("https://")
        assert terms.clause
        assert terms.asks or terms.outputs


def test_every_licence_that_a_family_names_is_in_the_table():
    assert {family.license for family in FAMILIES if family.license} <= LICENSES.keys()


def test_a_licence_that_limits_what_is_made_from_it_may_be_kept():
    for name, terms in LICENSES.items():
        if "share-alike" in terms.limits:
            assert name in terms.under


@pytest.mark.parametrize(
    ("model", "license_id"),
    [
        ("meta-llama/Llama-3.3-70B-Instruct:cheapest", "llama3.3"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "llama3"),
        ("meta-llama/Llama-2-7b-chat-hf", "llama2"),
        ("llama4-maverick", "llama4"),
        ("google/gemma-3n-e4b", "gemma"),
        ("openai/gpt-oss-20b", "apache-2.0"),
    ],
)
def test_weights_are_told_by_their_name(model, license_id):
    assert find_family(model, "router.huggingface.co").license == license_id


@pytest.mark.parametrize("model", ["mistral-large", "qwen/qwen3-32b", "llama-32b", "deepseek-v4", "tiny"])
def test_other_names_tell_nothing(model):
    assert find_family(model, "127.0.0.1") is None


def test_a_server_of_the_owners_comes_before_a_name():
    assert find_family("gpt-oss-120b", "api.x.ai").owner == "xAI"
    assert find_family("anything", "notapi.x.ai.example") is None


def test_ids_are_read_as_a_hub_reads_them():
    assert find_terms(" Apache-2.0 ") is LICENSES["apache-2.0"]
    assert find_terms("") is None


@pytest.mark.parametrize("license_id", ["gemma", "bigscience-bloom-rail-1.0", "bigcode-openrail-m"])
def test_a_licence_that_counts_what_learned_from_outputs_as_made_from_it_says_so(license_id):
    assert "as made from it" in find_terms(license_id).outputs


def test_an_address_that_changes_is_named_with_when_it_was_read():
    assert find_family("", "api.openai.com").terms.source.endswith("/services-agreement/, as of December 2025")
