"""
Numbers in YAML 1.1 that are not what they look like.

Owns: which texts look like a number and are none, and which numbers look like another;
    how each is to be written.
Must not know: documents, the meaning of keys.
Runs in: the publisher and the CLI; the workers load it with the schema.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from liveconfig.errors import KeyPath

_FLAGS = re.ASCII
_EXPONENT = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)[eE][-+]?\d+", _FLAGS)
_BARE_DOT = re.compile(r"[-+]\.\d+", _FLAGS)
_LEADING_ZERO = re.compile(r"[-+]?0[\d_]+", _FLAGS)
_OTHER_BASE = re.compile(r"[-+]?0[oO][0-7_]+", _FLAGS)
_GROUPS = re.compile(r"[-+]?\d{1,3}([,' ]\d{3})+(\.\d+)?", _FLAGS)
_WHOLE = re.compile(r"[-+]?(0|[1-9]\d*)", _FLAGS)
_PLAIN = re.compile(r"[-+]?(0|[1-9]\d*)(\.\d+)?", _FLAGS)
_COMMA = re.compile(r"[-+]?\d+,\d+", _FLAGS)

# What YAML 1.1 takes for a number to the base 8 or 60, and nobody else does.
_OCTAL = re.compile(r"[-+]?0[0-7_]+", _FLAGS)
_SIXTY = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", _FLAGS)
# What each of them holds.
_SUSPECT = re.compile(r"(?<![\w.])0[0-7_]|\d:[0-5]?\d", _FLAGS)


def how_to_write(text: str, is_whole: bool) -> str:
    """
    Return what to do with a text that looks like a number; "" where it does not.

    The sentence is the same for every text of its kind: it shows none.

    Args:
        text: what stands in the document, where a number is wanted.
        is_whole: whether the number must be a whole one.
    """
    if _EXPONENT.fullmatch(text):
        if is_whole:
            return "write all digits of a whole number, as 1000000"
        return "an exponent takes a dot before it and a sign, as 1.0e-3 or 1.0e+6"
    if _BARE_DOT.fullmatch(text):
        return "a dot takes a digit before it, as -0.5"
    if _LEADING_ZERO.fullmatch(text):
        return "a number does not begin with 0: write 08 as 8"
    if _OTHER_BASE.fullmatch(text):
        return "write 0o17 as 017, or as 15"
    if _GROUPS.fullmatch(text):
        return "write a number without marks between its digits, as 1000000"
    if _COMMA.fullmatch(text):
        return "a number takes a dot, as 0.5"
    plain = _WHOLE if is_whole else _PLAIN
    return "take the quotes away" if plain.fullmatch(text) else ""


class OddNumber(NamedTuple):
    """
    A number that is read as another one than it looks like.

    Attributes:
        keys: the way to it.
        line: counted from 1.
        column: counted from 1.
        text: how it is written.
        value: what it is.
    """

    keys: KeyPath
    line: int
    column: int
    text: str
    value: float

    def warning(self, *, is_shown: bool) -> str:
        """Say how it is read and what to write; with `is_shown` by its value."""
        base = "octal" if _OCTAL.fullmatch(self.text) else "base sixty"
        if not is_shown:
            return f"a number like this is {base}: write it otherwise, or quote it"
        meant = self.text.lstrip("+-0_") if base == "octal" else ""
        sign = "-" if self.text.startswith("-") else ""
        cure = f"write {sign}{meant or self.value}, or quote it"
        return f"read as {self.value} ({base}): {cure}"


def has_other_base(text: str) -> bool:
    """Return whether a number in YAML looks like one to the base 10 and is none."""
    return bool(_OCTAL.fullmatch(text) or _SIXTY.fullmatch(text))


def may_have_other_base(text: str) -> bool:
    """Return whether a document may hold such a number; in most there is none."""
    return _SUSPECT.search(text) is not None
