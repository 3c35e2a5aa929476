"""What a card tells of the release before."""

from factory.release.news import Edition, tell_news

SHARE = {"value": 0.8, "low": 0.7, "high": 0.9}
CHANGE = {"difference": 0.1, "low": 0.05, "high": 0.15, "p": 0.01}


def edition(name, **settings):
    scores = {"format": "safetensors", "agreement": SHARE, "gold": {"accuracy": SHARE, "macro_f1": SHARE}}
    students = [{"name": student, **scores} for student in ("small", "large")]
    report = {"data": {"rows": 3, "splits": {"train": {"rows": 3}}}, "students": students, "gold": {"rows": 9}}
    return Edition(report, settings, name)


def test_only_a_student_that_was_compared_is_said_to_be():
    compared = {("small", "safetensors"): {"accuracy": CHANGE, "macro_f1": CHANGE}}
    news = tell_news(edition("version 1", seed=0), edition("version 2", seed=3), compared, [("v1", "First release.")])
    assert "differences in points, on the same gold rows for both" in news.sections["model-small"]
    assert "not measured on the same gold rows for both" in news.sections["model-large"]
    assert news.settings == [("seed", 0, 3)]
    assert news.line == "3 rows (+0); small accuracy +10.0 [+5.0, +15.0]; 1 setting changed"
