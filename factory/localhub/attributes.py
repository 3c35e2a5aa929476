"""Which files are large: the `.gitattributes` of a repository, its default, and the size and look of a file."""

import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

MAX_REGULAR_BYTES = 10 * 2**20
_MAX_STARS, _MAX_STARS_A_NAME = 8, 3  # to try n of them takes as long as the name to the power of n

_LARGE = """
*.7z *.arrow *.avro *.bin *.bz2 *.ckpt *.flac *.ftz *.gguf *.gz *.h5 *.jpeg *.jpg *.joblib *.lz4 *.mlmodel *.model
*.mp3 *.mp4 *.msgpack *.npy *.npz *.ogg *.onnx *.ot *.parquet *.pb *.pdf *.pickle *.pkl *.png *.pt *.pth *.rar
*.safetensors *.tar *.tar.* *.tflite *.tgz *.wasm *.wav *.webm *.webp *.xz *.zip *.zst *tfevents* saved_model/**/*
"""
DEFAULT_ATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in _LARGE.split())


def is_large(path: str, size: int, sample: bytes, attributes: str) -> bool:
    """Whether a file is stored as a large one; an empty file never is."""
    if size == 0:
        return False
    return size > MAX_REGULAR_BYTES or _is_binary(sample) or _spec(_large_patterns(attributes)).match_file(path)


def is_ignored(path: str, gitignore: str) -> bool:
    """Whether a `.gitignore` excludes a path from a commit."""
    return bool(gitignore) and _spec(tuple(gitignore.splitlines())).match_file(path)


@lru_cache(maxsize=64)
def _large_patterns(attributes: str) -> tuple[str, ...]:
    patterns = []
    for line in attributes.splitlines():
        pattern, *flags = line.split() or [""]
        if "filter=lfs" in flags and not pattern.startswith(("#", "!")):
            patterns.append(pattern)
        elif "-filter" in flags or "!filter" in flags:
            patterns.append(f"!{pattern}")
    return tuple(patterns)


@lru_cache(maxsize=64)
def _spec(patterns: tuple[str, ...]) -> "GitIgnoreSpec":
    """Return what matches the patterns, without those that git would not take or that take long to try."""
    from pathspec import GitIgnoreSpec

    kept = []
    for pattern in patterns:
        with suppress(ValueError, re.error):
            if not _is_slow(pattern):
                GitIgnoreSpec.from_lines([pattern])
                kept.append(pattern)
    return GitIgnoreSpec.from_lines(kept)


def _is_slow(pattern: str) -> bool:
    return pattern.count("*") > _MAX_STARS or any(n.count("*") > _MAX_STARS_A_NAME for n in pattern.split("/"))


def _is_binary(sample: bytes) -> bool:
    if b"\0" in sample:
        return True
    try:
        sample[:-3].decode() if len(sample) >= 512 else sample.decode()
    except UnicodeDecodeError as fault:
        return fault.start < len(sample) - 6
    return False
