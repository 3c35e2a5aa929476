import pytest

from factory.localhub.metadata import read_front_matter


@pytest.mark.parametrize(
    "text",
    [
        "---\nlicense: mit\n---\n# T",
        "---\r\nlicense: mit\r\n---\r\n# T",
        "\ufeff---\nlicense: mit\n---\n",
        "\n\n---\nlicense: mit\n---",
    ],
)
def test_the_block_at_the_head_is_read(text):
    assert read_front_matter(text) == {"license": "mit"}


@pytest.mark.parametrize(
    "text", ["", "# T", "# T\n---\na: 1\n---\n", "---\n---\n", "---\n- a\n---\n", "---\na: [\n---\n"]
)
def test_what_is_no_block_of_names_and_values_is_nothing(text):
    assert read_front_matter(text) == {}


def test_values_become_what_json_can_say():
    card = read_front_matter('---\nday: 2024-01-02\nnumber: .nan\nlist: [1, a]\ntext: "\\uD800"\n---\n')
    assert card == {"day": "2024-01-02", "number": "NaN", "list": [1, "a"], "text": "?"}


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": '---\nlicense: "\\uD800"\nmodel-index: .inf\n---\n'},
        {"README.md": "---\nsdk: [gradio]\ntags: {a: 1}\npipeline_tag: 5\nmodels: 1\n---\n"},
        {"config.json": '{"architectures": 5, "model_type": NaN}'},
        {"config.json": '{"architectures": ["\\ud800"], "model_type": 1e999}'},
    ],
)
def test_no_file_breaks_the_repository_or_the_list_for_others(hub, files):
    for repo_type in ("model", "space"):
        repo_id = hub.repo(repo_type)
        assert hub.commit(repo_id, files, api=f"{repo_type}s").status == 200
        assert hub.request("GET", f"/api/{repo_type}s/{repo_id}").status == 200
        listed = hub.request("GET", f"/api/{repo_type}s?full=1&config=1&expand=runtime&author=alice")
        assert repo_id in [item["id"] for item in listed.json()]
        page = hub.request(
            "GET", f"/{'spaces/' if repo_type == 'space' else ''}{repo_id}", headers={"Accept": "text/html"}
        )
        assert page.status == 200


def test_yaml_that_grows_without_end_is_nothing_or_small():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]" for i in range(8)]
    assert read_front_matter("---\n" + "\n".join(lines) + "\n---\n") == {}
