import pytest


@pytest.fixture
def space(hub):
    return hub.repo("space")


def test_a_new_space_has_a_card_and_no_application(hub, space):
    info = hub.api().space_info(space)
    assert {s.rfilename for s in info.siblings} == {".gitattributes", "README.md"}
    assert info.sdk == "gradio"
    assert info.runtime.stage == "NO_APP_FILE"


def test_a_space_is_never_said_to_run(hub, space):
    api = hub.api()
    hub.commit(space, {"app.py": "print(1)"}, api="spaces")
    assert api.get_space_runtime(space).stage == "STOPPED"
    assert api.pause_space(space).stage == "PAUSED"
    assert api.restart_space(space).stage == "STOPPED"


def test_the_stage_follows_the_file_that_the_card_names(hub, space):
    hub.commit(space, {"README.md": "---\nsdk: gradio\napp_file: run.py\n---\n", "app.py": "1"}, api="spaces")
    assert hub.api().get_space_runtime(space).stage == "NO_APP_FILE"
    hub.commit(space, {"run.py": "1"}, api="spaces")
    assert hub.api().get_space_runtime(space).stage == "STOPPED"


def test_the_runtime_names_its_commit_and_the_log_says_that_nothing_runs(hub, space):
    oid = hub.commit(space, {"app.py": "print(1)"}, api="spaces").json()["commitOid"]
    assert hub.api().get_space_runtime(space).raw["sha"] == oid
    for is_build in (True, False):
        said = list(hub.api().fetch_space_logs(space, build=is_build))
        assert said == ["This Hub keeps Spaces and does not run them.\n"]
    assert hub.request("GET", f"/api/spaces/{space}/logs/run", user="bob").status == 403


def test_variables_are_public_and_can_be_changed(hub, space):
    api = hub.api()
    api.add_space_variable(space, "MODEL", "alice/m", description="which")
    api.add_space_variable(space, "MODEL", "alice/n")
    assert {k: v.value for k, v in api.get_space_variables(space).items()} == {"MODEL": "alice/n"}
    api.delete_space_variable(space, "MODEL")
    assert api.get_space_variables(space) == {}


def test_a_secret_never_comes_back_and_is_not_on_disk(hub, space):
    api = hub.api()
    api.add_space_secret(space, "TOKEN", "s3cr3t-value-of-a-space")
    answer = hub.request("GET", f"/api/spaces/{space}/secrets", user="alice")
    assert set(answer.json()) == {"TOKEN"}
    assert b"s3cr3t" not in answer.body
    assert not [path for path in hub.root.rglob("*") if path.is_file() and b"s3cr3t-value" in path.read_bytes()]
    assert hub.request("GET", f"/api/spaces/{space}/secrets", user="bob").status == 403


def test_a_space_is_created_with_what_it_needs(hub):
    api = hub.api()
    settings = {"space_variables": [{"key": "A", "value": "1"}], "space_secrets": [{"key": "B", "value": "2"}]}
    repo_id = api.create_repo("alice/ready", repo_type="space", space_sdk="gradio", **settings).repo_id
    assert api.get_space_variables(repo_id)["A"].value == "1"
    assert set(api.get_space_secrets(repo_id)) == {"B"}


def test_hardware_is_noted_and_not_given(hub, space):
    runtime = hub.api().request_space_hardware(space, "t4-small", sleep_time=600)
    assert (runtime.hardware, runtime.requested_hardware, runtime.sleep_time) == (None, "t4-small", 600)
    assert hub.api().set_space_sleep_time(space, 60).sleep_time == 60


@pytest.mark.parametrize(
    "item", [{"key": "a-b", "value": "1"}, {"key": "A"}, {"value": "1"}, {"key": "A", "value": 1}]
)
def test_a_variable_that_is_none_is_refused(hub, space, item):
    assert hub.request("POST", f"/api/spaces/{space}/variables", user="alice", body=item).status == 400


def test_only_a_space_has_a_runtime(hub):
    assert hub.request("GET", f"/api/models/{hub.repo()}/runtime").status == 404


@pytest.mark.parametrize("sdk", [None, "flask", 3])
def test_an_sdk_is_needed(hub, sdk):
    body = {"name": "no-sdk", "type": "space", "sdk": sdk}
    answer = hub.request("POST", "/api/repos/create", user="alice", body=body)
    assert answer.status == 400
    assert not hub.api().repo_exists("alice/no-sdk", repo_type="space")
