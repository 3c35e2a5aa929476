"""Let a teacher spend a random budget at a random server, and check every bound.

`python -m tests.teacher.spending [RUNS] [SEED]` does so 200 times; the suite does it less often.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from factory.errors import BudgetError, TeacherError
from factory.recipe import Budget, HttpTeacher, Price, Task
from factory.teacher.client import ChatTeacher
from factory.teacher.ledger import summarise
from tests.scripted_teacher import Asked, Drop, Message, Raw, Reaction, ScriptedTeacher, Status

TASK = Task(text="An SMS", question="Spam?", labels={"ham": "wanted", "spam": "not"})
HAM = '{"label": "ham"}'
REACTIONS: list[Reaction] = [
    HAM, HAM, HAM, "nonsense", Status(429), Status(500), Status(502), Drop(), Raw(b"<html>"), Message(None),
    Message(HAM, usage=None), Message(HAM, usage={"prompt_tokens": 400, "completion_tokens": 64}),
]  # fmt: skip
ROUNDING = 1e-9  # dollars


def spend_at_random(ledger: Path, chance: random.Random) -> bool:
    """Label 15 texts for a random budget; return whether it was used up, and fail if it was exceeded."""
    script = chance.choices(REACTIONS, k=20)
    pauses = [chance.uniform(0, 0.01) for _ in range(20)]
    caps = {"calls": chance.randint(0, 20), "tokens": chance.randint(0, 12000), "dollars": chance.uniform(0, 0.012)}
    caps = {unit: caps[unit] for unit in chance.sample(sorted(caps), chance.randint(1, 3))}
    delivered: list[int] = []

    def answer(asked: Asked) -> Reaction:
        time.sleep(pauses[asked.number % len(pauses)])
        reaction = script[asked.number % len(script)]
        usage = reaction.usage if isinstance(reaction, Message) else None
        delivered.append(sum((usage or {}).get(name, 0) for name in ("prompt_tokens", "completion_tokens")))
        return reaction

    with ScriptedTeacher(answer) as server:
        settings = HttpTeacher(
            model="m", base_url=server.base_url, price=Price(input=1, output=2), max_tokens=64, max_attempts=2,
            concurrency=chance.randint(1, 8),
        )  # fmt: skip
        teacher = ChatTeacher(settings, recipe="r", budget=Budget(**caps), ledger=ledger, backoff_seconds=0.001)
        is_spent = False
        with suppress(TeacherError):
            try:
                teacher.label([f"text {n}" for n in range(15)], TASK)
            except BudgetError:
                is_spent = True
    paid = summarise(ledger)
    tokens = paid["input_tokens"] + paid["output_tokens"]
    assert paid["calls"] == len(server.asked) <= caps.get("calls", paid["calls"])
    assert sum(delivered) <= tokens <= caps.get("tokens", tokens)
    assert paid["dollars"] <= caps.get("dollars", paid["dollars"]) + ROUNDING
    return is_spent


def main(runs: int = 200, seed: int = 0) -> None:
    """Print how many budgets were used up; none was exceeded."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        spent = sum(spend_at_random(Path(folder, f"{run}.sqlite"), chance) for run in range(runs))
    sys.stdout.write(f"{runs} random budgets: {spent} used up, none exceeded\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
