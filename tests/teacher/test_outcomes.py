"""One table: what a server may do with a call, and what follows for its text, for the run and for the bill.

Each row is played to one text of four, after the first was answered, by a server that answers all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from factory.errors import TeacherError
from factory.teacher.ledger import summarise
from tests.scripted_teacher import Dribble, Drop, Hang, Message, Raw, ScriptedTeacher, Status

TEXTS = ["first", "odd one", "second", "third"]
HAM = '{"label": "ham"}'
TOLD, BOUND = 5, 64  # output tokens: what the server tells, what a call may take
DAY = "86400"


@dataclass(frozen=True)
class Again:
    """The call is made again; if that fails too, the text has no label for this reason and the run goes on."""

    reaction: object
    reason: str
    billed: int = 0


@dataclass(frozen=True)
class Once:
    """The call is not made again; the text has this label, or none for this reason, and the run goes on."""

    reaction: object
    says: str
    billed: int = 0


@dataclass(frozen=True)
class Stop:
    """The run stops with this error, and goes on from there when it is run again."""

    reaction: object
    error: str
    billed: int = 0


AGAIN = {
    # in trouble: nothing was delivered, nothing is charged
    "408": Again(Status(408), "server error (HTTP 408)"),
    "409": Again(Status(409), "server error (HTTP 409)"),
    "429, wait in seconds": Again(Status(429, "0.1"), "rate limit (HTTP 429)"),
    "429, wait until a date that is past": Again(
        Status(429, "Wed, 21 Oct 2015 07:28:00 GMT"), "rate limit (HTTP 429)"
    ),
    "429, wait that is no time": Again(Status(429, "soon"), "rate limit (HTTP 429)"),
    "500": Again(Status(500), "server error (HTTP 500)"),
    "503": Again(Status(503), "server error (HTTP 503)"),
    "529": Again(Status(529), "server error (HTTP 529)"),
    # lost or broken: it may have been paid for
    "502": Again(Status(502), "server error (HTTP 502)", BOUND),
    "504": Again(Status(504), "server error (HTTP 504)", BOUND),
    "no answer": Again(Hang(), "no answer in 1 s", BOUND),
    "a byte now and then": Again(Dribble(0.05, "slow"), "no answer in 1 s", BOUND),
    "connection closed": Again(Drop(), "connection lost", BOUND),
    "shorter than promised": Again(Raw(b'{"choices": []}', length=999), "connection lost", BOUND),
    "cut JSON": Again(Raw(b'{"choices": [{"mess'), "broken answer", BOUND),
    "a web page": Again(Raw(b"<html>oops</html>"), "broken answer", BOUND),
    "no choices": Again(Message("ham", choices=0, usage=None), "broken answer", BOUND),
    "no content": Again(Message(None), "empty answer", TOLD),
    "no content and no usage": Again(Message(None, usage=None), "empty answer", BOUND),
    "two megabytes": Again(Raw(b"x" * 2_000_001), "an answer of more than 2000000 bytes", BOUND),
}
ONCE = {
    # a fault of the text
    "too long": Once(Status(400, message="maximum context length is 4096 tokens"), "too long"),
    "413": Once(Status(413), "too long"),
    "400": Once(Status(400, message="no such thing"), "rejected (HTTP 400)"),
    "422": Once(Status(422), "rejected (HTTP 422)"),
    # an answer without a label
    "cut off": Once(Message(HAM, finish_reason="length"), "cut off", TOLD),
    "filtered": Once(Message(HAM, finish_reason="content_filter"), "filtered by the provider", TOLD),
    "refused": Once(Message(None, refusal="I will not"), "refused", TOLD),
    "refused in prose": Once(Message("I can't help with that."), "refused", TOLD),
    "another label": Once(Message('{"label": "eggs"}'), "unknown label", TOLD),
    "a template": Once(Message("{{7*7}}<script>ham</script>\x1b[31m"), "JSON without a label", TOLD),
    # an answer
    "no usage": Once(Message(HAM, usage=None), "ham", BOUND),
    "another model": Once(Message(HAM, model="other"), "ham", TOLD),
    "a fence and a dot": Once(Message("```json\nHam.\n```"), "ham", TOLD),
}
STOP = {
    "401": Stop(Status(401), "does not accept the key (HTTP 401: scripted); set FACTORY_TEACHER_API_KEY to a valid"),
    "402": Stop(Status(402), "wants to be paid (HTTP 402: scripted); add credit there and run again: answers so far"),
    "403": Stop(Status(403), "let FACTORY_TEACHER_API_KEY use scripted (HTTP 403: scripted); ask for access"),
    "404": Stop(
        Status(404), "does not know scripted (HTTP 404: scripted); check `teacher.model` and `teacher.base_url`"
    ),
    "418": Stop(Status(418), "answered what cannot be used (HTTP 418: scripted); check `teacher.base_url`"),
    "a redirect": Stop(Status(307), "redirects to nowhere (HTTP 307: scripted); set `teacher.base_url`"),
    "429, wait of a day": Stop(Status(429, DAY), "asks to wait 86400 s (rate limit (HTTP 429)); run again then"),
    "503, wait of a day": Stop(Status(503, DAY), "asks to wait 86400 s (server error (HTTP 503)); run again then"),
}


class Play:
    """A run in which the odd one's first `times` calls end as the script says."""

    def __init__(self, reaction, times, open_teacher, task):
        self.sent = 0
        self.server = ScriptedTeacher(self.answer)
        self.reaction, self.times, self.task = reaction, times, task
        self.teacher = open_teacher(self.server, concurrency=1, max_attempts=2, timeout_seconds=1, max_tokens=BOUND)

    def answer(self, asked):
        self.sent += asked.text == "odd one"
        return self.reaction if asked.text == "odd one" and self.sent <= self.times else HAM

    def label(self):
        """Return what became of the odd one; all others have their label."""
        first, odd, *others = self.teacher.label(TEXTS, self.task)
        assert {answer.label for answer in (first, *others)} == {"ham"}
        return odd.label or odd.reason


@pytest.fixture
def play(open_teacher, task):
    plays = []

    def play(reaction, times=99):
        plays.append(Play(reaction, times, open_teacher, task))
        return plays[-1]

    yield play
    for made in plays:
        made.server.close()


@pytest.mark.parametrize("row", AGAIN.values(), ids=AGAIN)
def test_what_another_attempt_may_mend_gets_one(play, ledger, row):
    once = play(row.reaction, times=1)
    assert (once.label(), once.sent) == ("ham", 2)
    summary = summarise(ledger)
    assert (summary["calls"], summary["retries"]) == (len(once.server.asked), 1)
    assert summary["output_tokens"] == len(TEXTS) * TOLD + row.billed


@pytest.mark.parametrize("row", AGAIN.values(), ids=AGAIN)
def test_a_text_that_alone_fails_again_and_again_has_no_label_and_the_others_go_on(play, row):
    always = play(row.reaction)
    assert (always.label(), always.sent) == (row.reason, 2)


@pytest.mark.parametrize("row", ONCE.values(), ids=ONCE)
def test_what_another_attempt_cannot_mend_gets_none(play, ledger, row):
    once = play(row.reaction)
    assert (once.label(), once.sent) == (row.says, 1)
    assert summarise(ledger)["output_tokens"] == (len(TEXTS) - 1) * TOLD + row.billed
    assert (once.label(), once.sent) == (row.says, 1 if row.billed else 2)  # what was paid for is kept


@pytest.mark.parametrize("row", STOP.values(), ids=STOP)
def test_what_concerns_all_calls_stops_the_run_which_goes_on_when_it_is_mended(play, ledger, row, monkeypatch):
    monkeypatch.setenv("FACTORY_TEACHER_API_KEY", "sk-secret")
    stopped = play(row.reaction, times=1)
    with pytest.raises(TeacherError) as error:
        stopped.label()
    assert str(error.value).startswith(stopped.server.base_url)
    assert row.error in str(error.value)
    assert "sk-secret" not in str(error.value)
    assert stopped.server.texts == ["first", "odd one"]
    assert summarise(ledger)["output_tokens"] == TOLD
    assert stopped.label() == "ham"
    assert stopped.server.texts == ["first", "odd one", *TEXTS[1:]]
