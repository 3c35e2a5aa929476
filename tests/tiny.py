"""A base model small enough to train in a test: two layers of BERT with random weights and a WordPiece tokenizer."""

import json
import string
from pathlib import Path

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """
a about account after all and answer apple are arrive asks awful bad bank be beach because best big bill bird
black blue book boring bought bread broken burns but buy call can card cash cat cheap city claim climate cloud
coal cold come cost crop dead deny dinner discount dog down drought early eat email emissions end energy error
every fire fish flood food for free friend from fun game garden get go good great green had happy hate have he
heat help hoax home hot house how i ice in is it job just late law like local lose lost love lunch make market
me meeting melts milk money more morning movie my need never new news next nice no not now nothing of off offer
old on open or order our out paid park party pay people phone pizza plan please policy poor price prize rain
read red refund report rice right rises river road said sale say school science sea see send she shop show sick
snow so soft some song soon soup spam stop storm street summer sun sweet table talk tax team terrible text thank
that the their there they this time to today tomorrow too town train tree turn under up urgent us want warm was
waste water way we week went when where will win wind winter with wonderful work world wrong yes yesterday you
your
"""
CONFIG = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "pad_token_id": 0,
}


def tiny_base(folder: Path) -> Path:
    """Write a base model to `folder` and return it; equal bytes every time, without importing torch."""
    vocabulary = _vocabulary()
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder, vocabulary)
    _write_json(folder / "config.json", {**CONFIG, "vocab_size": len(vocabulary)})
    _write_weights(folder / "model.safetensors", len(vocabulary))
    return folder


def _vocabulary() -> dict[str, int]:
    characters = [*string.ascii_lowercase, *string.digits]
    inner = [f"##{character}" for character in characters]
    pieces = [*SPECIAL, *string.punctuation, *characters, *inner, *WORDS.split()]
    return {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}


def _write_tokenizer(folder: Path, vocabulary: dict[str, int]) -> None:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(SPECIAL)
    ends = [(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ends)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
    _write_json(folder / "tokenizer_config.json", {**settings, **dict(zip(names, SPECIAL, strict=True))})


def _write_weights(path: Path, words: int) -> None:
    import numpy
    from safetensors.numpy import save_file

    random = numpy.random.default_rng(0)
    weights = {}
    for name, shape in _shapes(words).items():
        if len(shape) == 2:
            weights[name] = random.normal(0, shape[1] ** -0.5, shape).astype("float32")
        else:
            weights[name] = numpy.full(shape, float(name.endswith("LayerNorm.weight")), "float32")
    save_file(weights, str(path), metadata={"format": "pt"})


def _shapes(words: int) -> dict[str, tuple[int, ...]]:
    size, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (words, size),
        "embeddings.position_embeddings.weight": (CONFIG["max_position_embeddings"], size),
        "embeddings.token_type_embeddings.weight": (CONFIG["type_vocab_size"], size),
    }
    dense = {"pooler.dense": (size, size)}
    norms = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{number}" for number in range(CONFIG["num_hidden_layers"])):
        parts = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
        dense |= {f"{layer}.{part}": (size, size) for part in parts}
        dense |= {f"{layer}.intermediate.dense": (inner, size), f"{layer}.output.dense": (size, inner)}
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    shapes |= {f"{name}.weight": shape for name, shape in dense.items()}
    shapes |= {f"{name}.bias": (shape[0],) for name, shape in dense.items()}
    return shapes | {f"{name}.{part}": (size,) for name in norms for part in ("weight", "bias")}


def _write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
