"""Find the key of an HTTP teacher in the environment, and keep it away from whom it does not belong to."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from factory.errors import TeacherError
from factory.recipe import HttpTeacher

HUB_DOMAINS = ("huggingface.co", "huggingface.cloud", "hf.space")


@dataclass(frozen=True)
class Key:
    """A secret, which is in no repr, and the name of the variable that holds it."""

    secret: str = field(repr=False)
    name: str


def find_key(teacher: HttpTeacher) -> Key | None:
    """Return the teacher's key: `api_key_env` if set, else FACTORY_TEACHER_API_KEY, else HF_TOKEN.

    HF_TOKEN goes to Hugging Face and to this machine only. A server on this machine may do without any key; for others
    a missing key raises TeacherError before the first call.
    """
    is_local, is_hub = is_loopback(teacher.base_url), _is_hub(teacher.base_url)
    names = ["FACTORY_TEACHER_API_KEY", *(["HF_TOKEN"] if is_local or is_hub else [])]
    if teacher.api_key_env:
        names = [teacher.api_key_env]
    for name in names:
        if secret := os.environ.get(name, "").strip():
            return Key(secret, name)
    if is_local:
        return None
    raise TeacherError(f"{teacher.base_url} needs a key; set {' or '.join(names)}")


def is_loopback(base_url: str) -> bool:
    """Return whether `base_url` is on this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_hub(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return any(host == domain or host.endswith("." + domain) for domain in HUB_DOMAINS)
