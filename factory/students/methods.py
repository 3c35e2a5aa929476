"""Every way to make a student: one function each, and one line here.

Importing this module imports no torch: a method's module is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from factory.students.lesson import Fitted, Lesson

Method = Callable[[Lesson], Fitted]

METHODS = {
    "full": "factory.students.full:train_full",
    "head": "factory.students.head:train_head",
    "lora": "factory.students.lora:train_lora",
    "distil": "factory.students.distil:train_distil",
    "shrink": "factory.students.shrink:train_shrink",
    "static": "factory.students.static:train_static",
    "linear": "factory.students.linear:train_linear",
}


def find_method(name: str) -> Method:
    """Return the function that trains by the method `name`."""
    module, _, function = METHODS[name].partition(":")
    method: Method = getattr(import_module(module), function)
    return method
