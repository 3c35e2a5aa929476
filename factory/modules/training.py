"""Train weights by gradient until they say without the prompt what the base model said with it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

CHECKPOINT = "steps.pt"
MAX_NORM = 1.0  # of a gradient, as is usual
WARM_UP = 0.05  # share of the steps in which the learning rate rises
Loss = Callable[[Sequence[int]], "Tensor"]


def train_weights(
    network: Any, loss: Loss, batches: Sequence[Sequence[int]], lr: float, place: Path, steps_between: int
) -> list[float]:
    """Make one AdamW step for each batch of places of texts, and return the loss of each.

    The learning rate rises to `lr` and falls as a cosine. Every `steps_between` steps all that is needed to go on is
    written to `place`, from which a killed attempt goes on to the same weights.
    """
    import torch

    trained = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=lr, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate_at(step, len(batches)))
    losses = _resume(place / CHECKPOINT, trained, optimizer, schedule)
    for step in range(len(losses), len(batches)):
        value = loss(batches[step])
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(trained, MAX_NORM)
        optimizer.step()
        schedule.step()
        losses.append(float(value.detach()))
        if (step + 1) % steps_between == 0:
            _keep(place / CHECKPOINT, trained, optimizer, schedule, losses)
    return losses


def draw_batches(count: int, size: int, epochs: int, seed: int) -> list[list[int]]:
    """Return places of `count` texts in batches of `size`, each text once an epoch, in an order of the seed."""
    return [batch for epoch in range(epochs) for batch in _shuffle(count, size, f"{seed} {epoch}")]


def _shuffle(count: int, size: int, seed: str) -> Iterator[list[int]]:
    order = list(range(count))
    random.Random(seed).shuffle(order)
    for first in range(0, count, size):
        yield order[first : first + size]


def _rate_at(step: int, steps: int) -> float:
    warm = max(1, round(WARM_UP * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _keep(file: Path, trained: Sequence[Tensor], optimizer: Any, schedule: Any, losses: list[float]) -> None:
    import torch

    file.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "weights": [weight.detach() for weight in trained],
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "losses": losses,
    }
    torch.save(state, file.with_suffix(".part"))
    file.with_suffix(".part").replace(file)


def _resume(file: Path, trained: Sequence[Tensor], optimizer: Any, schedule: Any) -> list[float]:
    """Bring everything to where the last attempt was killed, and return the losses up to there."""
    import torch

    if not file.is_file():
        return []
    state = torch.load(file, weights_only=True)
    with torch.no_grad():
        for weight, kept in zip(trained, state["weights"], strict=True):
            weight.copy_(kept)
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    losses: list[float] = state["losses"]
    return losses
