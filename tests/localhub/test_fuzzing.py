from tests.localhub.fuzzing import fuzz


def test_hostile_requests_break_nothing_and_learn_nothing(tmp_path):
    statuses = fuzz(tmp_path, examples=150)
    assert {200, 400, 404} <= set(statuses)
