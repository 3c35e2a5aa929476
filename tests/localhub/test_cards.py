import pytest
from huggingface_hub import ModelCard

from factory.localhub.cards import check_card


def card(metadata):
    return f"---\n{metadata}\n---\n\n# Title\n"


def test_a_good_card_has_no_faults():
    assert check_card(card("license: apache-2.0\ntags: [a, b]\nlanguage: en"), "model") == ([], [])


@pytest.mark.parametrize(
    ("metadata", "fault"),
    [
        ("license: asdf", '"license" must be one of'),
        ("tags: {a: 1}", '"tags" must be'),
        ("pipeline_tag: [x]", '"pipeline_tag" must be a string'),
        ("model-index: foo", '"model-index" must be an array'),
        ("model-index:\n- name: x\n  results:\n  - task: {}", "task.type"),
        ("a: [", "not YAML"),
        ("- just\n- a list", "must be a mapping"),
        ("datasets: ['no such id!']", "not the id of a dataset"),
    ],
)
def test_a_fault_is_named(metadata, fault):
    errors, _ = check_card(card(metadata), "model")
    assert any(fault in error for error in errors)


def test_a_space_has_its_own_rules():
    assert check_card(card("sdk: gradio\ncolorFrom: blue"), "space") == ([], [])
    errors, _ = check_card(card("sdk: flask\ncolorFrom: mauve"), "space")
    assert len(errors) == 2


def test_a_card_without_metadata_is_a_warning():
    assert check_card("# Title\n", "model") == ([], ["empty or missing yaml metadata in repo card"])


def test_a_card_that_runs_code_is_only_text():
    errors, _ = check_card(card("a: !!python/object/apply:os.system ['true']"), "model")
    assert "not YAML" in errors[0]


def test_the_answer_comes_as_json_or_as_text(hub):
    body = {"content": card("license: asdf"), "repoType": "model"}
    asked = hub.request("POST", "/api/validate-yaml", body=body)
    assert asked.status == 400
    assert '"license"' in asked.json()["errors"][0]["message"]
    text = hub.request("POST", "/api/validate-yaml", body=body, headers={"Accept": "text/plain"})
    assert text.status == 400
    assert text.body.startswith(b'- Error: "license" must be one of')


def test_the_client_refuses_to_push_a_bad_card(hub, run_client):
    code = """
from huggingface_hub import ModelCard
try:
    ModelCard("---\\nlicense: asdf\\n---\\n").validate()
except ValueError as fault:
    print(fault)
"""
    assert '- Error: "license" must be one of' in run_client(hub, code)
    assert ModelCard("---\nlicense: mit\n---\n").data.license == "mit"
