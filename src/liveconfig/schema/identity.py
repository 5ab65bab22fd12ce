"""
Which class a process has, as a short text: the same for the same class.

Owns: what of a class makes a difference to how a config is made of it.
Must not know: documents, bytes, who compares the texts.
Runs in: the publisher and every worker.

Why: each process imports the class when it starts, and the code on disk may have
changed in between. Code that the class merely calls is not looked at.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from enum import Enum
from hashlib import sha256
from types import CodeType
from typing import Any

from msgspec import inspect

from liveconfig.schema.codec import masked_data
from liveconfig.schema.explain import RAISED

# As many as one word of the worker table holds.
_HEX_DIGITS = 16

# The code of a class that runs whenever a config is made.
_RUN = ("__post_init__", "__attrs_post_init__", "_missing_")


def identity(root: inspect.Type) -> str:
    """Return 16 hexadecimal digits for a tree of types, others for another tree."""
    text = "\n".join(_described(root, {}))
    return sha256(text.encode(errors="backslashreplace")).hexdigest()[:_HEX_DIGITS]


def _described(value: Any, seen: dict[int, int]) -> Iterator[str]:
    if isinstance(value, (inspect.Type, inspect.Field)):
        yield from _node(value, seen)
    elif isinstance(value, tuple):
        yield f"{len(value)} parts"
        for part in value:
            yield from _described(part, seen)
    elif isinstance(class_ := typing.get_origin(value) or value, type):
        yield from _class(class_)
    elif callable(value):
        yield from _code(value)
    else:
        yield _plain(value)


def _node(node: inspect.Type | inspect.Field, seen: dict[int, int]) -> Iterator[str]:
    # A class may lead back to itself.
    is_new = id(node) not in seen
    yield f"{type(node).__name__} {seen.setdefault(id(node), len(seen))}"
    if is_new:
        for name in node.__struct_fields__:
            yield name
            yield from _described(getattr(node, name), seen)


def _class(class_: type) -> Iterator[str]:
    yield class_.__qualname__
    if issubclass(class_, Enum):
        yield from (f"{member.name} {member.value!r}" for member in class_)
    for name in _RUN:
        yield from _code(getattr(class_, name, None))


def _code(function: Any) -> Iterator[str]:
    code = getattr(function, "__code__", None)
    yield from _instructions(code) if code else [type(function).__qualname__]


def _instructions(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield " ".join(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)
        elif isinstance(constant, frozenset):
            # Its order differs from process to process.
            yield " ".join(sorted(map(repr, constant)))
        else:
            yield repr(constant)


def _plain(value: Any) -> str:
    try:
        return json.dumps(masked_data(value), sort_keys=True)
    except RAISED:
        return type(value).__qualname__
