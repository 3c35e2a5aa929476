"""What one call costs: with the prompt sent again, with its cache, and with a module un-merged and merged."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from factory.modules.module import Module
from factory.modules.reading import read_nodes, score_labels
from factory.modules.wording import Node, Tokens, Wording
from factory.students.quiet import quiet_transformers

TEXTS = 8
Call = Callable[[Tokens], Any]


def time_calls(
    base: Any, module: Module, wording: Wording, prefix: Any, folder: Path, texts: Sequence[Tokens]
) -> dict[str, Any]:
    """Return `cpu_ms` of one call in each way, the median over a few texts, and `peft_difference`.

    The second is the largest difference of a label's log-probability between the merged module and what peft makes
    of the files. `base` is the same afterwards. A prefix has no merged form.
    """
    import torch

    some = texts[:TEXTS]
    with torch.inference_mode():
        spent: dict[str, float | None] = {
            "prompted": _median(lambda text: read_nodes(base, wording, [[*wording.prompt, *text]]), some),
            "cached": _median(lambda text: read_nodes(base, wording, [text], prefix), some),
            "merged": None,
        }
        if not module.prefix:
            spent["merged"] = _median(lambda text: read_nodes(module.network, wording, [text]), some)
        with _opened_with_peft(base, folder) as asked:
            ask: Call = lambda text: _ask_peft(asked, wording, text)  # noqa: E731  # an argument, named for its type
            spent["unmerged"] = _median(ask, some)
            theirs = torch.cat([score_labels(wording, ask(text)) for text in some])
        ours = module.read_labels(list(some))
    return {"cpu_ms": spent, "peft_difference": round(float((ours - theirs).abs().max()), 6)}


@contextmanager
def _opened_with_peft(base: Any, folder: Path) -> Iterator[Any]:
    """Yield `base` with the adapter in `folder`, whose layers peft puts into `base` itself until they are unloaded."""
    from peft import PeftModel

    with quiet_transformers():
        adapted = PeftModel.from_pretrained(base, folder).eval()
    yield adapted
    if not adapted.active_peft_config.is_prompt_learning:
        adapted.unload()


def _ask_peft(adapted: Any, wording: Wording, text: Tokens) -> Any:
    """Return what `read_nodes` does, by peft's own forward pass: a cartridge puts its prefix in front by itself."""
    import torch

    begin = [] if adapted.active_peft_config.is_prompt_learning else [wording.start]
    rows: dict[Node, Any] = {}
    for said, nodes in wording.passes:
        logits = adapted(input_ids=torch.tensor([[*begin, *text, *said]])).logits[:, -len(said) - 1 :]
        read = logits.float().log_softmax(-1)
        rows |= {node: read[:, len(node)] for node in nodes}
    return torch.stack([rows[node] for node in wording.nodes], dim=1)


def _median(call: Call, texts: Sequence[Tokens]) -> float:
    """Return the milliseconds of CPU time of a call, the median over texts; the first call of all warms up."""
    with quiet_transformers():
        call(texts[0])
        spent = []
        for text in texts:
            began = time.process_time()
            call(text)
            spent.append(1e3 * (time.process_time() - began))
    return float(f"{statistics.median(spent):.3g}")
