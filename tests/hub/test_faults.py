"""From what the Hub's client raises to a sentence with a remedy."""

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import OfflineModeIsEnabled

from factory.errors import HubError
from factory.hub.faults import explained
from tests.hub.meddler import LOST, meddler


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (400, "refused what was sent (refused by the test)"),
        (401, "does not accept the token"),
        (402, "asks for payment"),
        (403, "Write access to contents/settings of all repos"),
        (409, "is being changed by somebody else"),
        (412, "was changed by somebody else meanwhile"),
        (413, "finds a file too large"),
        (418, "has trouble (418: refused by the test)"),
        (429, "wait some minutes"),
        (503, "run the same command again"),
        (LOST, "does not answer"),
    ],
)
def test_every_refusal_has_a_sentence(shared, outcome, said):
    with meddler(shared.endpoint) as proxy:
        proxy.on("POST", "/api/repos/create", lambda: outcome)
        with pytest.raises(HubError) as raised, explained("model local/x on a Hub"):
            HfApi(endpoint=proxy.endpoint, token=shared.token).create_repo("local/x")
    assert str(raised.value).startswith("model local/x on a Hub ")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_missing_is_named(shared):
    shared.api.create_repo("local/there")
    with (
        pytest.raises(HubError, match=r"^model local/y does not exist, or this token may not see it"),
        explained("model local/y"),
    ):
        shared.api.model_info("local/y")
    with pytest.raises(HubError, match=r"^model local/there has no such revision"), explained("model local/there"):
        shared.api.model_info("local/there", revision="v9")


def test_a_hub_that_is_down_and_an_illegal_address_are_told_apart():
    with pytest.raises(HubError, match=r"^a Hub does not answer .*HF_ENDPOINT"), explained("a Hub"):
        HfApi(endpoint="http://127.0.0.1:9").whoami(token="hf_x")
    with pytest.raises(HubError, match=r"^a Hub does not answer \(.*missing an 'http"), explained("a Hub"):
        HfApi(endpoint="hub.example.org").whoami(token="hf_x")


def test_offline_mode_is_named():
    with pytest.raises(HubError, match="cannot be reached while HF_HUB_OFFLINE is set"), explained("a Hub"):
        raise OfflineModeIsEnabled("offline")
