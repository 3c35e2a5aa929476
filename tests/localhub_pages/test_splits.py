import pytest

from factory.localhub.pages.splits import Split, find_splits

PATHS = ["README.md", "data/train-1.parquet", "data/train-0.parquet", "data/test-0.parquet", "rejected/r.parquet"]
TRAIN = ("data/train-0.parquet", "data/train-1.parquet")


@pytest.mark.parametrize(
    "data_files",
    [
        [{"split": "train", "path": "data/train-*"}],
        [{"split": "train", "path": ["data/train-0.parquet", "data/train-1.parquet"]}],
        {"train": "data/train-*"},
        "data/train-*",
        ["data/train-*"],
        [{"path": "**/train-*.parquet"}],
    ],
)
def test_every_form_of_a_declaration_is_read(data_files):
    card = {"configs": [{"config_name": "default", "data_files": data_files}]}
    assert find_splits(card, PATHS) == [Split("default", "train", TRAIN)]


def test_a_star_stays_within_its_folder():
    card = {"configs": [{"config_name": "all", "data_files": "*.parquet"}]}
    assert [split.config for split in find_splits(card, PATHS)] == ["default", "default"]


def test_without_a_declaration_names_tell():
    found = find_splits({}, ["b/val.parquet", "b/constraint.parquet", "test_x.parquet", "x.txt"])
    assert [(split.name, split.paths) for split in found] == [
        ("train", ("b/constraint.parquet",)),
        ("validation", ("b/val.parquet",)),
        ("test", ("test_x.parquet",)),
    ]


@pytest.mark.parametrize("configs", [None, 1, "x", [1], [{}], [{"data_files": 3}], [{"data_files": [{"split": 1}]}]])
def test_a_declaration_that_is_none_counts_as_missing(configs):
    assert [split.name for split in find_splits({"configs": configs}, PATHS)] == ["train", "test"]
