"""
Blanks that look like nothing or like a common blank, and are neither.

Owns: which there are, where one of them is likely to be a mistake, and what to do.
Must not know: what the keys mean, where the text comes from.
Runs in: the publisher and the CLI.

They come with what is copied from a web page or a text processor. To YAML they are
letters: what looks like a key and its value is one text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from liveconfig.errors import KeyPath

_ODD = "\u00a0\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff"

# Where a common blank would mean something: before and behind a key, behind a dash.
_SUSPECT = re.compile(
    rf"""^[ \t]*(?:-[ \t]+)*-?(?P<lead>[{_ODD}])
    |(?:^|[{{,])[ \t]*(?:-[ \t]+)*["']?[\w./-]+["']?
    (?:[ \t]*:[ \t]*(?P<behind>[{_ODD}])|(?P<before>[{_ODD}])[ \t]*:(?:[ \t]|$))""",
    re.VERBOSE,
)


# At either end of a text, where nobody can see it.
_EDGE = re.compile(rf"\A[{_ODD}]|[{_ODD}]\Z")
_ANY = re.compile(rf"[{_ODD}]")


class EdgeBlank(NamedTuple):
    """
    A text that begins or ends with a blank that is none.

    Attributes:
        keys: the way to it.
        line: of its begin, counted from 1.
        column: of its begin, counted from 1.
        end_line: of its end.
    """

    keys: KeyPath
    line: int
    column: int
    end_line: int

    def is_in(self, lines: Sequence[str]) -> bool:
        """Return whether the blank stands in the document, and no number of it."""
        return any(map(may_have_edge_blank, lines[self.line - 1 : self.end_line]))

    def warning(self, *, is_shown: bool) -> str:
        """Say what is wrong and what to write; the text may be a secret."""
        return (
            "this text begins or ends with a blank that nobody sees: take it away, or "
            'write it in double quotes by its number, as "\\u00A0"'
        )


def has_edge_blank(text: str) -> bool:
    """Return whether a text begins or ends with a blank that is none."""
    return not text.isascii() and _EDGE.search(text) is not None


def may_have_edge_blank(text: str) -> bool:
    """Return whether a document may hold such a text; in most there is none."""
    return not text.isascii() and _ANY.search(text) is not None


def odd_blank(line: str) -> tuple[int, str] | None:
    """
    Return where a line has a blank that is none, and what to do; None for nowhere.

    The place counts from 0.
    """
    if line.isascii():
        return None
    match = _SUSPECT.search(line)
    if match is None:
        return None
    at = match.start(match.lastgroup or 0)
    name = unicodedata.name(line[at], "no name").lower()
    return at, (
        f"a blank of another kind (U+{ord(line[at]):04X}, {name}) stands here, which "
        "is a letter to YAML: write a common blank, or nothing"
    )
