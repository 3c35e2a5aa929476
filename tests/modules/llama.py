"""A random Llama of two layers with a prompt for it, and what a module of it is made from."""

from __future__ import annotations

import string
from pathlib import Path

from factory.data.examples import Example, write_examples
from factory.modules.baking import Ingredients, bake_module, finish_module
from factory.modules.targets import record_targets
from factory.recipe import Task
from factory.recipe_module import Module as Settings
from factory.store import Artifact

THINGS = ("pizza", "movie", "soup", "book", "phone", "dog", "house", "game")
WORDS = ("wonderful", "great", "nice", "best", "awful", "terrible", "bad", "poor")
PROMPT = "Say whether it likes the thing.\n\nthe soup was great\nVerdict: yes\n\nthe dog was bad\nVerdict: no\n\n"
TASK = Task(text="A review", question="Does it like the thing?", labels={"yes": "likes it", "no": "does not"})
SETTINGS = Settings(
    name="toy", method="module", base_model="acme/llama", prompt="prompt.md", input="{text}\nVerdict:", max_length=32,
    rank=4, lr=[3e-3], epochs=4,
)  # fmt: skip
OTHERS = "Say whether it likes the thing Verdict yes no was a perhaps not at all ph ish ing now then here there so and"
KNOWN = ["<unk>", "<s>", "</s>", *string.punctuation, "\n", *THINGS, *WORDS, *OTHERS.split()]


def write_llama(folder: Path, seed: int = 0) -> Path:
    """Write a language model whose tokenizer splits `phishing` into three, and return its folder."""
    import torch
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(KNOWN)}, unk_token="<unk>"))
    pieces = Regex("ph|ish|ing|\\w+|\n|[^\\w\\s]")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(pieces, behavior="removed", invert=True)
    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(KNOWN), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, initializer_range=0.2, bos_token_id=1, eos_token_id=2, max_position_embeddings=256,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def write_ingredients(folder: Path, task: Task = TASK, settings: Settings = SETTINGS) -> Ingredients:
    """Write base model, prompt, splits and targets below `folder`, and return them."""
    rows = [Example(f"the {thing} was {word}", "yes") for word in WORDS for thing in THINGS]
    parts = {"train": rows[::2], "validation": rows[1::4], "held_out": rows[3::4]}
    (folder / "splits").mkdir(parents=True)
    for part, chosen in parts.items():
        write_examples(folder / "splits" / f"{part}.jsonl", chosen)
    (folder / "prompt.md").write_text(PROMPT)
    base = Artifact(write_llama(folder / "base"), "base")
    prompt, splits = Artifact(folder / "prompt.md", "prompt"), Artifact(folder / "splits", "splits")
    (folder / "targets").mkdir()
    record_targets(base, prompt, splits, None, task, settings.wording, out=folder / "targets")
    targets = Artifact(folder / "targets", "targets")
    return Ingredients(base=base, prompt=prompt, splits=splits, targets=targets, unrelated=None, task=task)


def bake_toy(made_of: Ingredients, out: Path, **settings: object) -> Artifact:
    """Bake one module into `out`, every run of it below `out`-runs."""
    runs = SETTINGS.model_copy(update=settings).runs("normal")
    baked = []
    for number, run in enumerate(runs):
        place = out.with_name(f"{out.name}-runs") / str(number)
        place.mkdir(parents=True, exist_ok=True)
        bake_module(made_of, run, out=place)
        baked.append(Artifact(place, str(number)))
    out.mkdir(parents=True, exist_ok=True)
    finish_module(made_of, runs, baked, out=out)
    return Artifact(out, "module")
