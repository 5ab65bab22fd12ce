"""
What a single value of a document may be, in whatever language it is written.

Owns: the limits of numbers and of text; the places of values.
Must not know: YAML's or JSON's spelling, what the keys mean.
Runs in: the publisher and the CLI.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, NoReturn

from liveconfig.errors import YAML_LINE_END
from liveconfig.reading.tree import Tree

# What MessagePack can hold.
_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1
# Beyond this many digits a conversion would take long and could not fit.
NUMBER_CHARACTERS_MAX = 400


class Place(NamedTuple):
    """A place in a text, counted from 0 as the marks of parsers are."""

    line: int
    column: int


def lines_of(text: str, is_json: bool = False) -> list[str]:
    """Return the lines of a text as its language and their parsers count them."""
    return text.split("\n") if is_json else YAML_LINE_END.split(text)


def place_of(text: str, position: int, is_json: bool = False) -> Place:
    """Return the place of a character."""
    lines = lines_of(text[:position], is_json)
    return Place(len(lines) - 1, len(lines[-1]))


def checked_text(text: str, tree: Tree, mark: Any) -> str:
    """Return a text that later encodings can write; refuse any other."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            tree.refuse(mark, "half a character (a lone surrogate): write all of it")
    return text


def checked_number(value: Any, tree: Tree, mark: Any) -> Any:
    """Return a value that a payload can hold if it is a number; refuse any other."""
    if isinstance(value, float):
        if not math.isfinite(value):
            tree.refuse(mark, "not a finite number: write a finite one, or use quotes")
    elif isinstance(value, int) and not _INT_MIN <= value <= _INT_MAX:
        refuse_number(tree, mark)
    return value


def refuse_number(tree: Tree, mark: Any) -> NoReturn:
    """Refuse a number that is too large."""
    tree.refuse(mark, "a number of more than 64 bits: put it in quotes")
