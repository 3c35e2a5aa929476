from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from factory.recipe import HttpTeacher, Task
from factory.teacher.prompts import LabelPrompt
from factory.teacher.requests import LabelKeys, key_of, label_request

TEXT = st.text(st.characters(), max_size=40)
FACTS = {"text": "A text", "question": "Which?", "labels": {"a": "one", "b": "other"}}


@settings(max_examples=50, deadline=None)
@given(TEXT, TEXT, st.integers(1, 3), st.booleans())
def test_a_key_is_that_of_the_whole_question_whatever_the_text(text, second, samples, reason):
    asked = HttpTeacher(model="m", base_url="http://127.0.0.1:9/v1", samples=samples, reason=reason, logprobs=reason)
    for task, content in ((Task(**FACTS), text), (Task(**FACTS, kind="pair", text_pair="B"), (text, second))):
        prompt = LabelPrompt(task, reason=reason)
        whole = [key_of(asked, label_request(asked, prompt, content, sample), sample) for sample in range(samples)]
        assert LabelKeys(asked, prompt).of(content) == whole
