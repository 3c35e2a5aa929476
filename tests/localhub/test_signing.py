import pytest

from factory.localhub.errors import HubError
from factory.localhub.signing import read_signed, sign

SECRET = b"s" * 32


def test_a_signed_token_gives_its_claims_back():
    claims = read_signed(SECRET, "lfs", sign(SECRET, "lfs", {"repo": 3}, seconds=60))
    assert claims["repo"] == 3


@pytest.mark.parametrize(
    ("secret", "purpose", "seconds"), [(b"t" * 32, "lfs", 60), (SECRET, "xet", 60), (SECRET, "lfs", -1)]
)
def test_a_token_of_another_secret_purpose_or_time_is_refused(secret, purpose, seconds):
    with pytest.raises(HubError, match="signed token"):
        read_signed(SECRET, "lfs", sign(secret, purpose, {}, seconds=seconds))


@pytest.mark.parametrize("token", ["", ".", "a.b", "é.ü", "a" * 5000])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(HubError, match="not valid"):
        read_signed(SECRET, "lfs", token)


def test_a_changed_claim_is_refused():
    body, _, signature = sign(SECRET, "lfs", {"size": 1}, seconds=60).partition(".")
    with pytest.raises(HubError, match="not valid"):
        read_signed(SECRET, "lfs", f"{body[:-2]}AA.{signature}")
