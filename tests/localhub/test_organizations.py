import subprocess
import sys

import pytest
from click.testing import CliRunner
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from factory.cli_hub import hub as hub_command
from factory.localhub.admin import add_organization, add_user
from factory.localhub.errors import HubError
from tests.localhub.conftest import ROOT


@pytest.fixture(scope="module")
def lab(hub):
    """An organisation with a member of each role; who is bob is none."""
    for name in ("ann", "wim", "ria"):
        hub.tokens[name] = add_user(hub.root, name)
    members = {"ann": "admin", "wim": "write", "ria": "read"}
    add_organization(hub.root, "lab", members=members, full_name="The Lab")
    hub.api("wim").create_repo("lab/secret", private=True)
    return "lab"


def test_whoami_tells_the_role(hub, lab):
    orgs = hub.api("ria").whoami(cache=False)["orgs"]
    assert [(org["name"], org["fullname"], org["roleInOrg"]) for org in orgs] == [("lab", "The Lab", "read")]


def test_members_write_read_or_see_nothing_by_their_role(hub, lab):
    for name in ("ann", "wim"):
        assert hub.commit("lab/secret", {f"{name}.txt": name}, user=name).status == 200
    assert hub.api("ria").model_info("lab/secret").private
    assert hub.commit("lab/secret", {"ria.txt": "x"}, user="ria").status == 403
    with pytest.raises(HfHubHTTPError, match="403"):
        hub.api("ria").create_repo("lab/another")
    with pytest.raises(RepositoryNotFoundError):
        hub.api("bob").model_info("lab/secret")


def test_another_role_takes_effect_at_once(hub, lab):
    add_organization(hub.root, "lab", members={"ria": "write"})
    assert hub.commit("lab/secret", {"ria.txt": "x"}, user="ria").status == 200
    add_organization(hub.root, "lab", members={"ria": "read"})
    assert hub.commit("lab/secret", {"ria.txt": "y"}, user="ria").status == 403


def test_its_members_and_what_it_has_are_listed(hub, lab):
    assert {member.username for member in hub.api().list_organization_members("lab")} >= {"ann", "wim", "ria"}
    overview = hub.api().get_organization_overview("lab")
    assert (overview.fullname, overview.num_models) == ("The Lab", 0)  # the one it has is private
    assert hub.request("GET", "/api/organizations/alice/overview").status == 404


def test_new_repositories_of_a_private_organisation_are_private(hub):
    add_organization(hub.root, "quiet", members={"alice": "admin"}, private=True)
    hub.api().create_repo("quiet/one")
    hub.api().create_repo("quiet/two", visibility="public")
    assert hub.api().model_info("quiet/one").private
    assert not hub.api().model_info("quiet/two").private


def test_what_is_not_said_again_of_an_organisation_stays(hub):
    add_organization(hub.root, "hush", members={"alice": "admin"}, full_name="The Hush", private=True)
    add_organization(hub.root, "hush", members={"bob": "read"})
    add_organization(hub.root, "hush", members={}, private=True)
    assert hub.api().get_organization_overview("hush").fullname == "The Hush"
    add_organization(hub.root, "hush", members={}, full_name="The Hushed")
    assert hub.api().get_organization_overview("hush").fullname == "The Hushed"
    hub.api().create_repo("hush/one")
    assert hub.api().model_info("hush/one").private


def test_a_user_is_no_organisation_and_a_member_has_to_exist(hub):
    with pytest.raises(HubError, match="is a user"):
        add_organization(hub.root, "bob", members={})
    with pytest.raises(HubError, match="no user 'nobody'"):
        add_organization(hub.root, "empty", members={"nobody": "read"})
    with pytest.raises(HubError, match="read, write, admin"):
        add_organization(hub.root, "empty", members={"bob": "owner"})


def test_the_command_adds_an_organisation_to_a_running_hub(hub):
    command = [sys.executable, "-c", "from factory.cli import main; main()", "hub", "org", "add", "club"]
    options = ["--member", "bob:read", "--full-name", "The Club", "--root", str(hub.root)]
    subprocess.run([*command, *options], cwd=ROOT, check=True)
    orgs = {org["name"]: org for org in hub.api("bob").whoami(cache=False)["orgs"]}
    assert (orgs["club"]["fullname"], orgs["club"]["roleInOrg"]) == ("The Club", "read")


def test_a_member_without_a_role_is_refused_not_made_a_writer(hub):
    options = ["org", "add", "guild", "--member", "bob", "--root", str(hub.root)]
    refused = CliRunner().invoke(hub_command, options).exception
    assert "use one of read, write, admin" in str(refused)
    assert hub.request("GET", "/api/organizations/guild/overview").status == 404
