"""Texts that wait: the random order, what the filters would remove, and what is chosen."""

import json

from factory.data.examples import Example, read_examples, write_examples
from factory.improving.pool import choose_texts, draw_texts, select_pool
from factory.recipe import Filter
from factory.store import Artifact

TEXTS = [f"note number {number} about {number * 7} things" for number in range(30)]


def as_texts(folder, texts, name="texts.jsonl"):
    folder.mkdir()
    write_examples(folder / name, [Example(text) for text in texts])
    return Artifact(folder, folder.name)


def made(folder, stage, *inputs):
    folder.mkdir()
    stage(*inputs, out=folder)
    return [row.text for row in read_examples(folder / "texts.jsonl")]


def test_texts_are_drawn_in_an_order_that_only_their_content_gives_and_each_once(tmp_path):
    there, back = as_texts(tmp_path / "there", TEXTS), as_texts(tmp_path / "back", [*TEXTS[::-1], *TEXTS, " "])
    drawn = made(tmp_path / "1", draw_texts, there, 0, 30)
    assert drawn == made(tmp_path / "2", draw_texts, back, 0, 31)
    assert sorted(drawn) == sorted(TEXTS)
    assert drawn != TEXTS
    assert made(tmp_path / "3", draw_texts, there, 10, 5) == drawn[10:15]


def test_nobody_is_asked_about_texts_that_the_filters_would_remove_anyway(tmp_path):
    texts = [*TEXTS, "too short", f"{TEXTS[0]}!", "write to jo.bloggs@firmmail.org about the bill"]
    start = made(tmp_path / "start", draw_texts, as_texts(tmp_path / "texts", texts), 0, 5)
    gold = as_texts(tmp_path / "gold", [text for text in TEXTS if text not in start][:4], "gold.jsonl")
    aside = {row.text for row in read_examples(gold.path / "gold.jsonl")}
    inputs = (Artifact(tmp_path / "texts", "texts"), 5, gold, Filter(), "en")
    waiting = made(tmp_path / "pool", select_pool, *inputs)
    assert not set(waiting) & ({*start, "too short"} | aside)
    assert len({text.strip("!") for text in waiting}) == len(waiting)
    assert not any("jo.bloggs" in text for text in waiting)
    assert set(TEXTS) - aside - set(start) <= {text.strip("!") for text in waiting}


def test_the_least_sure_are_chosen_and_none_twice(tmp_path):
    pool = as_texts(tmp_path / "pool", TEXTS)
    rows = read_examples(pool.path / "texts.jsonl")
    lines = [json.dumps({"id": row.id, "margin": number / 30}) + "\n" for number, row in enumerate(rows)]
    (tmp_path / "said").mkdir()
    (tmp_path / "said" / "margins.jsonl").write_text("".join(lines))
    said = Artifact(tmp_path / "said", "said")
    assert made(tmp_path / "first", choose_texts, pool, said, [], 3) == TEXTS[:3]
    taken = [Artifact(tmp_path / "first", "first")]
    assert made(tmp_path / "second", choose_texts, pool, said, taken, 2) == TEXTS[3:5]
