"""What the numbers of a report mean, said in sentences: no more than they bear, and the worst of it first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from factory.evaluation.markdown import escape
from factory.release.contents import Contents

MACHINE = re.compile(
    r"(?i)\b(models?|llms?|gpt|claude|gemini|llama|machines?|automatic\w*|ai|synthetic|bots?|no humans?|not humans?)\b"
)
HUMAN = re.compile(r"(?i)^\W*(humans?|people|experts?)\b")
FEW_ROWS = 30
Json = dict[str, Any]


def is_machine_labelled(labelled_by: str) -> bool:
    """Whether a recipe's `gold.labelled_by` says that it was not humans."""
    return bool(MACHINE.search(labelled_by)) and not HUMAN.match(labelled_by)


def headline(contents: Contents, entry: Json) -> str:
    """Return the one number that a reader should take home."""
    gold = contents.report["gold"]
    if not gold:
        agreement = entry["agreement"]
        same = (
            "exactly the labels that its teacher gave"
            if contents.is_multi_label
            else "the label that its teacher gave"
        )
        return (
            f"How often it is right is not known: there are no trusted labels to hold it against. On "
            f"{agreement['rows']:,} held-out {contents.units} it gives {same} "
            f"**{_share(agreement)}** of the time ({_range(agreement)})."
        )
    score, teacher = entry["gold"]["accuracy"], contents.report["teacher"]["gold"]
    is_right, measure = _is_right(contents), "exact match, " if contents.is_multi_label else ""
    compared = f" Its teacher {is_right} {_share(teacher['accuracy'])} of the time." if teacher else ""
    return (
        f"On {gold['rows']:,} gold {contents.units}, labelled by {escape(gold['labelled_by'])}, it {is_right} "
        f"**{_share(score)}** of the time ({measure}{_range(score)}).{compared}"
    )


def on_gold(contents: Contents) -> Iterator[str]:
    """Yield what has to be known of the gold labels."""
    gold = contents.report["gold"]
    if not gold:
        yield (
            "**Nobody has checked these labels.** The table says how often a file gives the label that the teacher "
            "gives; where the teacher is wrong, a wrong answer counts as a match."
        )
        return
    if is_machine_labelled(gold["labelled_by"]):
        yield (
            f"**The gold labels are not from humans** but from {escape(gold['labelled_by'])}. The scores say how far "
            f"a file follows those labels; where they are wrong, a wrong answer counts as right."
        )
    removed = gold["removed_from_training"]
    found = f"{removed:,} that equalled or overlapped one {_was(removed)} taken out of the training texts."
    yield f"Gold texts were never trained on: {found if removed else 'no training text equalled or overlapped one.'}"


def on_scores(contents: Contents, entry: Json) -> Iterator[str]:
    """Yield what the scores of a student's main file say, and what they do not."""
    if against := entry["against_teacher"]:
        yield _compare_with_teacher(contents, against)
    if entry["gold"]:
        yield _gap(contents, entry)
        yield from _compare_with_words(contents, entry)
        score = entry["gold"]["accuracy"]
        if score["value"] == 1:
            yield (
                f"No error in {entry['gold']['rows']:,} {contents.units} does not mean none elsewhere: up to about "
                f"{300 / entry['gold']['rows']:.1f} % of others could still be wrong."
            )


def on_confidence(contents: Contents, entry: Json) -> str:
    """Return whether the scores of the model may be read as probabilities."""
    if contents.is_multi_label:
        return (
            "Its scores are not calibrated probabilities, and its thresholds fit the labels that the teacher gave to "
            "validation rows. Choose thresholds on texts of your own."
        )
    if not entry["gold"]:
        return "Its score is not a probability of being right: it was never compared with trusted labels."
    mean, right = entry["mean_score"], entry["gold"]["accuracy"]["value"]
    return (
        f"Its score is not a calibrated probability: on gold its mean score is {100 * mean:.0f} %, and it gives the "
        f"gold label {100 * right:.0f} % of the time. Choose a threshold on texts of your own."
    )


def on_length(contents: Contents, student: str) -> str:
    """Return how much of a text a student reads; empty where it reads all."""
    max_tokens = contents.settings(student).get("max_length")
    of = "a pair, both texts together" if contents.is_pair else "a text"
    return f"It reads the first {max_tokens} tokens of {of}; the rest is cut off." if max_tokens else ""


def on_files(contents: Contents, entries: list[Json]) -> Iterator[str]:
    """Yield how far the light files of a student follow its safetensors, and which files were left out, and why."""
    compared = [entry["agreement_with_fp32"] for entry in entries if "agreement_with_fp32" in entry]
    if compared:
        rows = f"{compared[0]['rows']:,} {'gold and held-out' if contents.gold else 'held-out'} {contents.units}"
        yield f"same answers: share of {rows} to which a file gives the answer that `model.safetensors` gives."
    for line in contents.report["withheld"]:
        if line["name"] == entries[0]["name"]:
            yield f"**There is no {line['format']} file**: {escape(line['reason'])}."


def on_split(contents: Contents) -> str:
    """Return what each split is for."""
    splits = contents.report["data"]["splits"]
    train, validation, test = (f"{splits[name]['rows']:,}" for name in ("train", "validation", "test"))
    return (
        f"Of the rows kept, {train} train (split `train`), {validation} settle how to train (`validation`), and "
        f"{test} were held out to measure agreement (`test`); **the labels of `test` are the teacher's too**."
    )


def on_scarce_labels(gold: Json | None) -> str:
    """Return which labels have too few gold texts for their scores to mean much; empty when none has."""
    scarce = [
        label for label, score in (gold or {"per_label": {}})["per_label"].items() if score["support"] < FEW_ROWS
    ]
    if not scarce:
        return ""
    named = ", ".join(map(escape, scarce[:8])) + (f" and {len(scarce) - 8} more" if len(scarce) > 8 else "")
    return f"Few gold texts (under {FEW_ROWS}) have these labels, so their scores are rough: {named}."


def on_attributes(contents: Contents) -> str:
    """Return the circumstances that generated texts were asked for; empty when there were none."""
    attributes = contents.recipe.generate.attributes if contents.recipe.generate else {}
    if not attributes:
        return ""
    grid = "; ".join(f"{escape(name)} ({', '.join(map(escape, values))})" for name, values in attributes.items())
    return f"Each was asked for with one value of {grid}."


def on_asked_labels(contents: Contents) -> str:
    """Return how often a text that was written for a label was given that label; empty without such texts."""
    counts = contents.report["data"]["agreement"]
    if not counts:
        return ""
    share = 100 * counts["agreed"] / counts["rows"]
    fate = (
        "were thrown away" if contents.recipe.filter.disagreements == "drop" else "kept the label of the second pass"
    )
    return (
        f"Of {counts['rows']:,} texts that were written for a label, {counts['agreed']:,} ({share:.1f} %) were given "
        f"it by the second, blind pass; the others {fate}."
    )


def _compare_with_teacher(contents: Contents, against: Json) -> str:
    points, rows = 100 * against["difference"], against["rows"]
    on = f"on the same {rows:,} gold {contents.units}"
    interval = f"95 % interval {100 * against['low']:+.1f} to {100 * against['high']:+.1f}, p = {against['p']:.2f}"
    if against["low"] <= 0 <= against["high"]:
        return (
            f"Against its teacher the difference is {points:+.1f} points {on} "
            f"({interval}): too small to be told from chance on so many {contents.units}."
        )
    side = "below" if points < 0 else "above"
    return f"It is {abs(points):.1f} points {side} its teacher {on} ({interval})."


def _gap(contents: Contents, entry: Json) -> str:
    sources, is_right = contents.report["data"]["sources"], _is_right(contents)
    kind = "written by its teacher" if "texts" not in sources else "from the same source as those that trained it"
    return (
        f"On held-out {contents.units} {kind}, it agrees with the teacher {_share(entry['agreement'])} of the time; "
        f"on gold it {is_right} {_share(entry['gold']['accuracy'])} of the time. The first is no estimate of the "
        f"second."
    )


def _compare_with_words(contents: Contents, entry: Json) -> Iterator[str]:
    if entry["method"] == "linear":
        return
    linear = next((line for line in contents.report["baselines"] if line["name"] == "tfidf"), None)
    if linear and linear["gold"]["accuracy"]["value"] >= entry["gold"]["accuracy"]["low"]:
        yield (
            "The linear model on words is within the interval or above it: on these texts the student has not been "
            "shown to be better than a model that costs nothing."
        )


def _is_right(contents: Contents) -> str:
    """Return what a match with a gold label may be called."""
    gold = contents.report["gold"]
    if contents.is_multi_label:
        right = "gold" if is_machine_labelled(gold["labelled_by"]) else "right"
        return f"gives exactly the {right} labels"
    return "gives the gold label" if is_machine_labelled(gold["labelled_by"]) else "is right"


def _share(score: Json) -> str:
    return f"{100 * score['value']:.1f} %"


def _range(score: Json) -> str:
    return f"95 % interval {100 * score['low']:.1f} to {100 * score['high']:.1f}"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
