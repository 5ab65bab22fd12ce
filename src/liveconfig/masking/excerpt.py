"""
The lines around the mistake in a document that was rejected, without its secrets.

Owns: choosing, masking and cutting the lines.
Must not know: classes and their annotations, parsers, who shows the lines.
Runs in: the publisher; workers and the CLI know the form of a line, and show it.

The document need not parse, so that nothing in it is certain: where a quote is
missing, what looks like a key may be part of a secret, and so may any value. Hence, if
the schema has secrets, nothing of the document is shown but what is known without it:
the names of the schema's own keys, where they stand as keys, and single brackets.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Collection

from msgspec import Struct

from liveconfig.errors import CUT, YAML_LINE_END, printable, shortened
from liveconfig.masking.secret import MASK

# Enough to know the place again, and little enough for each publication of the status.
_LINES_BEFORE, _LINES_AFTER = 3, 2
_CHARACTERS_MAX = 160

_JSON_BREAK = re.compile("\r?\n")

# Where a key may begin, and what may stand alone: too little to give anything away.
_LEAD = re.compile(r"[ \t]*(?:-[ \t]+)?")
_STRUCTURE = re.compile(r"[\[\]{}]{1,2},?\s*|[|>][-+]?\s*|")


class ExcerptLine(Struct, frozen=True):
    """
    One line of a document, as it may be shown.

    Attributes:
        line: its number, counted from 1.
        text: the line or a part of it, secrets masked; what a terminal would not show
            as it is, is written as an escape.
        column: where in `text` the mistake is, counted from 1; 0 in other lines, and
            where the whole line is meant.
    """

    line: int
    text: str
    column: int = 0


def excerpt(
    content: bytes,
    path: str,
    line: int,
    column: int,
    names: Collection[str] | None,
) -> tuple[ExcerptLine, ...]:
    """
    Return the lines around a mistake; none where no line is meant or it is not there.

    Args:
        content: the document, which need be neither valid nor text.
        path: the file, for its ending.
        line: the line of the mistake, counted from 1, or 0.
        column: its column, counted from 1, or 0.
        names: all that may be shown of it, None where nothing is secret.
    """
    if line < 1:
        return ()
    text = content.removeprefix(BOM_UTF8).decode(errors="replace")
    lines = (_JSON_BREAK if path.endswith(".json") else YAML_LINE_END).split(text)
    return tuple(
        _excerpt_line(number, lines[number - 1], names, column if number == line else 0)
        for number in range(line - _LINES_BEFORE, line + _LINES_AFTER + 1)
        if line <= len(lines) and 1 <= number <= len(lines)
        # What follows the last line break is a line only if the mistake is there.
        if number < len(lines) or lines[-1] or number == line
    )


def _excerpt_line(
    number: int, line: str, names: Collection[str] | None, column: int
) -> ExcerptLine:
    end = len(line) if names is None else _shown(line, names)
    at = min(max(column - 1, 0), end)
    # Of a line of megabytes, no more is looked at than shows that it is too long.
    before = printable(line[max(0, at - _CHARACTERS_MAX - 1) : at])
    after = printable(line[at : min(end, at + _CHARACTERS_MAX + 1)])
    if line[end:].strip():
        after += MASK
    if len(before) + len(after) > _CHARACTERS_MAX and len(before) > _CHARACTERS_MAX / 2:
        before = CUT + before[1 - _CHARACTERS_MAX // 2 :]
    text = shortened(before + after, _CHARACTERS_MAX)
    return ExcerptLine(number, text, len(before) + 1 if column else 0)


def _shown(line: str, names: Collection[str]) -> int:
    """Return how many characters of a line may be shown."""
    lead = _LEAD.match(line)
    begin = lead.end() if lead else 0
    name, colon, _ = line[begin:].partition(":")
    if colon and _unquoted(name) in names:
        begin += len(name) + 1
        begin += len(line[begin:]) - len(line[begin:].lstrip(" \t"))
    return len(line) if _STRUCTURE.fullmatch(line, begin) else begin


def _unquoted(name: str) -> str:
    name = name.strip()
    is_quoted = len(name) > 1 and name[0] == name[-1] and name[0] in "\"'"
    return name[1:-1] if is_quoted else name
