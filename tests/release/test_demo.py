import json

KEYS = ["title", "description", "question", "model", "revision", "dataset", "labels", "examples"]


def read(folder):
    return json.loads((folder / "space" / "demo.json").read_text())


def test_the_app_gets_what_it_shows(releases):
    demo = read(releases["human-gold"])
    assert list(demo) == [*KEYS, "scoreboard", "caption"]
    assert demo["model"] == "me/climate-stance-minilm"
    assert demo["revision"] == "release-0123456789ab"
    assert list(demo["labels"]) == ["agree", "neutral", "disagree"]
    assert {row["name"] for row in demo["scoreboard"]} >= {"Accuracy on gold", "Agreement with its teacher"}
    assert demo["scoreboard"][0]["score"].startswith("80.0 [")


def test_examples_are_texts_that_no_student_has_seen(releases):
    import pyarrow.parquet

    data = releases["human-gold"] / "dataset" / "data"
    held_out = pyarrow.parquet.read_table(data / "test-00000-of-00001.parquet")["text"].to_pylist()
    assert len(read(releases["human-gold"])["examples"]) == 6
    assert set(read(releases["human-gold"])["examples"]) <= set(held_out)


def test_without_gold_the_demo_speaks_of_agreement_alone(releases):
    demo = read(releases["no-gold"])
    assert [row["name"] for row in demo["scoreboard"]] == ["Agreement with its teacher"]
    assert "gold" not in demo["caption"].lower()


def test_the_caption_names_who_labelled_the_gold(releases):
    assert "labelled by a language model (three blind votes; no human)" in read(releases["model-gold"])["caption"]


def test_pairs_name_their_boxes_and_label_sets_their_thresholds(releases):
    pairs, sets = read(releases["pairs"]), read(releases["multi-label"])
    assert pairs["boxes"] == ["A sentence from the news", "A question about it"]
    assert all(len(example) == 2 for example in pairs["examples"])
    assert sets["thresholds"] == {"agree": 0.35, "neutral": 0.45, "disagree": 0.55}
    assert sets["scoreboard"][0]["name"] == "Exact match on gold"
    assert not {"boxes", "thresholds"} & set(read(releases["human-gold"]))
