"""
Why a text is no YAML, in the words of its author, and where the cause of it stands.

Owns: the causes and cures of syntax errors; the place of each.
Must not know: the parsers, what the keys mean, limits.
Runs in: the publisher and the CLI.

A parser says where it could not go on. What led to that often stands before: a quote
or bracket that is never closed is noticed at the end of the file, a key without a
colon in the next line. No sentence holds a text of the document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from liveconfig.reading.blanks import odd_blank
from liveconfig.reading.scalar import Place, lines_of

_TEMPLATE = re.compile(r"\{\{|\{%")
_SECOND_COLON = re.compile(r":[ \t]")

# The pure parser quotes a character or a name of the document in its problems.
_QUOTED = re.compile(
    r"(?<=character) ('.*?'|\".*?\")|(?<=handle) '.*|, but (found|got) .*"
)

_NO_COLON = (
    "a key without its colon: write `key: value`; a line that goes on with a text is "
    "indented"
)
_NO_BLANK = "an item of a list begins with a dash and a blank"
_NEVER_CLOSED = "a quote is opened here and never closed"
_OPEN_BRACKET = "a bracket is opened here and not closed"
_IN_QUOTES = "put it in quotes"

TEMPLATE = (
    "a template that was not rendered: render it first, as `helm template` does; if it "
    f"is a text, {_IN_QUOTES}"
)

# By what begins a text that YAML takes for something else.
_BY_CHARACTER = {
    "\t": "a tab: indent with blanks",
    "@": f"a text cannot begin with @: {_IN_QUOTES}",
    "`": f"a text cannot begin with `: {_IN_QUOTES}",
    "%": f"a text cannot begin with %: {_IN_QUOTES}",
}

# What both parsers say, in the problem or its context, and what it means.
_BY_WORDS = (
    (
        r"alias|anchor",
        f"a text cannot begin with * or &, which name a place: {_IN_QUOTES}",
    ),
    (r"\btag\b", f"a tag is not complete; if it is a text with !, {_IN_QUOTES}"),
    (
        r"comment or (a )?line break|indentation ind|chomping",
        "a text behind | or > begins in the next line",
    ),
    (
        r"escape|hex|Unicode character",
        "a backslash in double quotes begins an escape: double it, or use single "
        "quotes",
    ),
    (
        r"directive|YAML document|version",
        f"a line that begins with % is a directive: remove it, or {_IN_QUOTES}",
    ),
    (
        r"sequence entries are not allowed",
        "a list begins in a line of its own: put this line below its key",
    ),
    (
        r"mapping keys are not allowed",
        f"a question mark with a blank begins a key: {_IN_QUOTES}",
    ),
    (
        r"'-' indicator|block collection",
        "this line is no item of the list above: begin it with `- `, or mend its "
        "indent",
    ),
    (
        r"<?document start>?",
        "this does not belong to the config above, which has ended: mend its indent, "
        "or remove it",
    ),
    (r"unexpected ':'", "a colon without a blank: write `key: value`"),
)
_CLOSINGS = {
    "]": "a bracket is closed that nothing opens: remove it, or use quotes",
    "}": "a bracket is closed that nothing opens: remove it, or use quotes",
    ",": "a comma stands where a value ends: remove it, or use quotes",
    "-": "an item of a list stands among keys: mend its indent",
}


@dataclass(frozen=True)
class Stop:
    """
    Where and why a parser could not go on; places as its marks are, None if unknown.

    Attributes:
        problem: in the parser's words.
        context: what it was about.
        mark: where.
        began: where that began.
        last: the event before.
        bracket: where the mapping or list that is not closed yet was opened.
    """

    problem: str
    context: str
    mark: Any
    began: Any
    last: Any
    bracket: Any


def inside(lines: Sequence[str], line: int, column: int) -> tuple[int, int]:
    """
    Return a place, or the end of what is written before it where nothing is.

    Args:
        lines: the text.
        line: counted from 1.
        column: counted from 1.
    """
    if line <= len(lines) and lines[line - 1].strip():
        return line, min(column, len(lines[line - 1]) + 1)
    before = range(min(line, len(lines)), 0, -1)
    for number in (*before, *range(1, len(lines) + 1)):
        text = lines[number - 1].rstrip()
        if text and not text.lstrip().startswith("#"):
            return number, len(text)
    written = (number for number, text in enumerate(lines, 1) if text.strip())
    return next(written, 1), 1


def odd_blanks(text: str, line: int = 1, column: int = 0) -> tuple[Place, str] | None:
    """
    Return where there is a blank that is none, and what to do; None for nowhere.

    Args:
        text: as YAML.
        line: of the key that is looked at with all below it, counted from 1.
        column: of that key, counted from 1, or 0 for all of the text.
    """
    if text.isascii():
        return None
    for number, here in enumerate(lines_of(text)[line - 1 :], line - 1):
        if number >= line and column and not _is_below(here, column):
            return None
        found = odd_blank(here)
        if found:
            return Place(number, found[0]), found[1]
    return None


def _is_below(line: str, column: int) -> bool:
    rest = line.lstrip(" ")
    indent = len(line) - len(rest)
    return not rest or indent >= column or (indent == column - 1 and rest[0] == "-")


def cause(stop: Stop, lines: Sequence[str]) -> tuple[Place, str]:
    """Return where the cause of an error stands, and what it is and how to mend it."""
    place, problem = _cause(stop, lines)
    return place, f"not valid YAML: {problem}"


def _cause(stop: Stop, lines: Sequence[str]) -> tuple[Place, str]:
    mark = stop.mark or stop.began
    marks = [Place(each.line, each.column) for each in (mark, stop.began) if each]
    for place in marks or [Place(0, 0)]:
        found = _odd(lines, place.line)
        if found:
            return found
    here = marks[0] if marks else Place(0, 0)
    found = _of_quote(stop, here) or _of_bracket(stop, here, lines)
    if found:
        return found
    if "':'" in stop.problem and "simple key" in stop.context and stop.began:
        is_item = _character(lines, stop.began) == "-"
        return marks[-1], _NO_BLANK if is_item else _NO_COLON
    if "mapping values" in stop.problem:
        return _of_colon(here, lines)
    return here, _of_place(stop, here, lines)


def _odd(lines: Sequence[str], number: int) -> tuple[Place, str] | None:
    """Find in a line what nobody sees, or what was to be replaced by something."""
    line = _line(lines, number)
    template = _TEMPLATE.search(line)
    if template:
        return Place(number, template.start()), TEMPLATE
    tab = line[: len(line) - len(line.lstrip())].find("\t")
    if tab >= 0:
        return Place(number, tab), _BY_CHARACTER["\t"]
    blank = odd_blank(line)
    return blank and (Place(number, blank[0]), blank[1])


def _of_quote(stop: Stop, here: Place) -> tuple[Place, str] | None:
    words = f"{stop.context} {stop.problem}"
    if "quoted" in stop.context and "unexpected" in stop.problem and stop.began:
        return Place(stop.began.line, stop.began.column), _NEVER_CLOSED
    style = getattr(stop.last, "style", None)
    if style not in ("'", '"') or "escape" in words:
        return None
    began, ended = stop.last.start_mark, stop.last.end_mark
    if ended.line != here.line or ended.column > here.column:
        return None
    if began.line != ended.line:
        return Place(began.line, began.column), (
            f"a quote is opened here and closed in line {ended.line + 1} only, before "
            "other text: close it where its text ends"
        )
    return here, (
        "text stands behind a closing quote: put all of it into the quotes, in which a "
        "quote of the same kind is written '' or \\\""
    )


def _of_bracket(
    stop: Stop, here: Place, lines: Sequence[str]
) -> tuple[Place, str] | None:
    mark = stop.bracket
    if mark is None or _character(lines, mark) not in ("[", "{"):
        return None
    if not re.search("expected (',' or|the node|node)", stop.problem):
        return None
    is_over = not any(_is_written(line) for line in lines[here.line + 1 :])
    rest = _line(lines, here.line)[here.column :]
    is_closed = _indent(lines, here.line) > _indent(lines, mark.line)
    is_same_line = here.line == mark.line
    if (is_over and not _is_written(rest)) or not (is_closed or is_same_line):
        return Place(mark.line, mark.column), _OPEN_BRACKET
    if "node" in stop.problem:
        return here, "a value is missing before this, or it is a text: use quotes"
    return here, "a comma is missing before this, or a closing bracket"


def _of_colon(here: Place, lines: Sequence[str]) -> tuple[Place, str]:
    line = _line(lines, here.line)
    if _SECOND_COLON.search(line[: here.column]):
        return here, (
            "a second colon with a blank in one line: put a text that holds it in "
            "quotes, or begin a line"
        )
    begin = _begin(line)
    without = _without_colon(lines, Place(here.line, begin))
    if without is not None:
        return without, _NO_COLON
    return Place(here.line, begin), (
        "this key belongs to no mapping: mend its indent, or that of the lines above"
    )


def _without_colon(lines: Sequence[str], key: Place) -> Place | None:
    """Return where the lines begin that were taken for one text with a key."""
    found = None
    for number in reversed(range(key.line)):
        text = lines[number].strip()
        if not text or text.startswith(("#", "---")):
            break
        if ":" in text:
            return found if text.endswith(":") else None
        if _begin(lines[number]) != key.column:
            return None
        found = Place(number, key.column)
        if text.startswith("-"):
            break
    return found


def _begin(line: str) -> int:
    """Return where a line begins, behind the dash of an item."""
    return len(line) - len(line.lstrip(" -"))


def _of_place(stop: Stop, here: Place, lines: Sequence[str]) -> str:
    character = _character(lines, here)
    if "cannot start" in stop.problem and character in _BY_CHARACTER:
        return _BY_CHARACTER[character]
    if "tab" in stop.problem:
        return _BY_CHARACTER["\t"]
    for words, sentence in _BY_WORDS:
        if re.search(words, stop.problem) or re.search(words, stop.context):
            return sentence
    if re.search("expected (key|<block end>|node|the node)", stop.problem):
        if character in _CLOSINGS:
            return _CLOSINGS[character]
        if _line(lines, here.line)[: here.column].strip():
            return "text stands behind the end of a value: remove it, or use quotes"
        return "this line stands at no level of the lines above: mend its indent"
    return _QUOTED.sub("", stop.problem)


def _character(lines: Sequence[str], mark: Any) -> str:
    return _line(lines, mark.line)[mark.column : mark.column + 1]


def _is_written(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _indent(lines: Sequence[str], number: int) -> int:
    line = _line(lines, number)
    return len(line) - len(line.lstrip())


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number] if number < len(lines) else ""
