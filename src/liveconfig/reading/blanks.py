"""
Blanks that look like nothing or like a common blank, and are neither.

Owns: which there are, and where one of them is likely to be a mistake.
Must not know: what the keys mean, where the text comes from.
Runs in: the publisher and the CLI.

They come with what is copied from a web page or a text processor. To YAML they are
letters: what looks like a key and its value is one text.
"""

from __future__ import annotations

import re
import unicodedata

_ODD = "\u00a0\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff"

# Where a common blank would mean something: before and behind a key, behind a dash.
_SUSPECT = re.compile(
    rf"""^[ \t]*(?:-[ \t]+)*-?(?P<lead>[{_ODD}])
    |(?:^|[{{,])[ \t]*(?:-[ \t]+)*["']?[\w./-]+["']?
    (?:[ \t]*:[ \t]*(?P<behind>[{_ODD}])|(?P<before>[{_ODD}])[ \t]*:(?:[ \t]|$))""",
    re.VERBOSE,
)


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
