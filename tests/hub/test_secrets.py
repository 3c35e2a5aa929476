"""A release with somebody's key in it stays where it is."""

import pytest

from factory.data.examples import Example
from factory.data.parquet import write_parquet
from factory.errors import HubError
from factory.hub.push import push_release
from factory.hub.secrets import check_secrets
from tests.hub.releases import RELEASE, write_release

KEY = "hf_" + "aB3" * 12


@pytest.mark.parametrize("pair", [("log in with " + KEY, None), ("log in", f"with {KEY}")])
def test_a_row_with_a_key_is_named(tmp_path, pair):
    rows = [Example("fine", "a", text_pair=pair[1] and "too"), Example(pair[0], "a", text_pair=pair[1])]
    write_parquet(
        rows, ["a"], tmp_path / "dataset" / "rejected" / "train.parquet", "pair" if pair[1] else "single-label"
    )
    with pytest.raises(
        HubError, match=r"row 2 of dataset/rejected/train.parquet holds a secret key; .* mask or drop$"
    ):
        check_secrets(tmp_path)


def test_a_key_in_the_recipe_is_named(tmp_path):
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "recipe.yaml").write_text(f"name: reviews\n# {KEY}\n")
    with pytest.raises(HubError, match=r"line 2 of recipe\.yaml holds a secret key"):
        check_secrets(tmp_path)


def test_other_personal_data_is_the_users_to_decide(tmp_path):
    write_parquet([Example("call 09061701461", "a")], ["a"], tmp_path / "dataset" / "train.parquet")
    check_secrets(tmp_path)


def test_nothing_is_pushed_with_a_key(target, tmp_path):
    repos = write_release(tmp_path, students=())
    write_parquet([Example(f"log in with {KEY}", "a")], ["a"], tmp_path / "dataset" / "data" / "other.parquet")
    with pytest.raises(HubError, match="holds a secret key"):
        push_release(tmp_path, repos, f"release-{RELEASE}", private=False, target=target)
    assert not target.api.repo_exists("local/reviews", repo_type="dataset")
