"""
The lines around the mistake in a document that was rejected, without its secrets.

Owns: choosing, masking and cutting the lines.
Must not know: classes and their annotations, parsers, who shows the lines.
Runs in: the publisher.

The document need not parse, so that nothing in it is certain: where a quote is
missing, what looks like a key may be part of a secret. A search for secrets would find
those that are written well. Hence the other way round: if the schema has secrets, all
is masked but the names of keys that it knows, brackets, and a value in one line behind
the name of a key that is nowhere a secret. Even these are masked where they may belong
to a masked line above, and where they hold what stands in clear behind the name of a
secret.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from liveconfig.config.secret import MASK
from liveconfig.errors import printable

_LINES_BEFORE, _LINES_AFTER = 3, 2
_CHARACTERS_MAX = 160
_CUT = "…"

_YAML_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_JSON_BREAK = re.compile("\r?\n")

# More lines would take more than some tenths of a second: a publisher that stands
# still is taken for dead.
_LINES_MAX = 10_000
# Nobody writes a longer line by hand: it is masked without being understood.
_UNDERSTOOD_CHARACTERS_MAX = 2000
# Less of a secret tells nothing, and stands in many other places.
_TELLING_CHARACTERS_MIN = 4

# The texts are large and written by somebody else. No pattern can match one text in two
# ways, so that each takes time in proportion to the text.
_COMMENT = re.compile(r"\s*#")
_ITEM = re.compile(r"\s*-(?:\s|$)")
_BRACKETS = re.compile(r"[\[\]{},\s-]*")
_CLOSING = re.compile(r"[\]},\s]*")
_ENTRY = re.compile(
    r"""(?P<lead>[ \t]*(?:-[ \t]+)*)
    (?P<quote>["']?)(?P<name>[^\s"'\#:-](?:[^"'\#:]*[^\s"'\#:])?)(?P=quote)[ \t]*:
    (?P<blank>[ \t]*)(?P<value>.*)""",
    re.VERBOSE,
)
# A value of which nothing stands in the line, or not yet.
_OPENING = re.compile(r"[\[\]{},]*|[|>][-+]?")
_GOES_ON = re.compile(r"[|>][-+\d]*[ \t]*(?:#.*)?$|^$|^[&!#]")
# Values that hold no other key: if not in quotes, a colon stands in them only as in a
# URL, and a comma only as in a sentence.
_SCALARS = tuple(
    re.compile(rf"{pattern}(?=(?P<blank>[ \t]*))")
    for pattern in (
        r"""[\[\w./+(~$-](?:[^"'#:]|(?<=\w)'(?=\w))*""",
        r"""[\w./+(~$-][^\s"'\[\]{}#,\\]*""",
        r'"(?:[^"\\]|\\.)*"',
        r"'[^']*'",
    )
)
_AFTER_SCALAR = re.compile(r"[\]}]*,?[ \t]*(?:#|$)")
_BRACKET = re.compile(r"[\[\]{}]")
_PAIRS = frozenset({"[]", "{}"})
_ESCAPE = re.compile(r"\\.")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
# Something gets a name, to be put somewhere else.
_ANCHOR = re.compile(r"(?:^|[\s\[{,:-])[&*][^\s&*]", re.MULTILINE)
_WORD = re.compile(rf"""[^\s"',:\[\]{{}}]{{{_TELLING_CHARACTERS_MIN},}}""")


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


class KeyNames(Struct, frozen=True):
    """
    The names of all keys of a schema, each in one of three sets.

    Attributes:
        secret: somewhere a secret, or a list or mapping of secrets, stands behind it.
        holders: has secrets below, all of them behind names of their own.
        others: has no secret below, wherever it stands.
    """

    secret: frozenset[str] = frozenset()
    holders: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


def excerpt(
    content: bytes,
    path: str,
    line: int,
    column: int,
    names: KeyNames,
    secrets: Collection[str] = (),
) -> tuple[ExcerptLine, ...]:
    """
    Return the lines around a mistake; none where no line is meant or it is not there.

    Without a secret in the schema they are as the author wrote them. With one, no text
    of the document is shown that may be one, however the document is broken.

    Args:
        content: the document, which need be neither valid nor text.
        path: the file, for its ending.
        line: the line of the mistake, counted from 1, or 0.
        column: its column, counted from 1, or 0.
        names: what the schema says about its keys.
        secrets: texts that are shown nowhere, as the secrets of the config before.
    """
    if line < 1:
        return ()
    text = content.removeprefix(BOM_UTF8).decode(errors="replace")
    lines = (_JSON_BREAK if path.endswith(".json") else _YAML_BREAK).split(text)
    ends = [len(text) for text in lines]
    hidden = set[str]()
    if names.secret:
        # What an anchor names, or stands further below, may be a secret.
        is_clear = not _ANCHOR.search(text) and len(lines) <= _LINES_MAX
        censor = _Censor(names, is_clear)
        ends = [censor.end(text) for text in lines[:_LINES_MAX]]
        hidden = censor.found.union(*map(_spellings, secrets))
    return tuple(
        _excerpt_line(
            number,
            lines[number - 1],
            _end_without(hidden, lines[number - 1], ends[number - 1]),
            column if number == line else 0,
        )
        for number in range(line - _LINES_BEFORE, line + _LINES_AFTER + 1)
        if line <= len(ends) and 1 <= number <= len(ends)
        # What follows the last line break is a line only if the mistake is there.
        if number < len(lines) or lines[-1] or number == line
    )


def _end_without(hidden: Iterable[str], line: str, end: int) -> int:
    # The whole line: where only the text is masked, the rest would tell a short one.
    return _indent(line) if any(text in line[:end] for text in hidden) else end


def _excerpt_line(number: int, line: str, end: int, column: int) -> ExcerptLine:
    at = min(max(column - 1, 0), end)
    # Of a line of megabytes, no more is looked at than tells that it is too long.
    before = printable(line[max(0, at - _CHARACTERS_MAX - 1) : at])
    after = printable(line[at : min(end, at + _CHARACTERS_MAX + 1)])
    if line[end:].strip():
        after += MASK
    if len(before) + len(after) > _CHARACTERS_MAX and len(before) > _CHARACTERS_MAX / 2:
        before = _CUT + before[1 - _CHARACTERS_MAX // 2 :]
    text = before + after
    if len(text) > _CHARACTERS_MAX:
        text = text[: _CHARACTERS_MAX - 1] + _CUT
    return ExcerptLine(number, text, len(before) + 1 if column else 0)


def _spellings(secret: str) -> Iterator[str]:
    pieces = [piece.strip() for piece in secret.splitlines()]
    for piece in pieces:
        if len(piece) >= (_TELLING_CHARACTERS_MIN if len(pieces) > 1 else 1):
            yield from (piece, piece.replace("'", "''"))
            yield from (json.dumps(piece, ensure_ascii=i)[1:-1] for i in (False, True))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


class _Guard:
    """
    Stands over the lines that may belong to a line that was masked.

    Attributes:
        column: what stands deeper belongs to it; at -1 all that comes.
        quote: the quote of its key.
        is_secret: its key is one of a secret.
        goes_on: its value is not, or not only, in the line itself.
        has_inside: there are lines that stand deeper.
    """

    def __init__(
        self, column: int, quote: str, *, is_secret: bool, goes_on: bool
    ) -> None:
        self.column = column
        self.quote = quote
        self.is_secret = is_secret
        self.goes_on = goes_on
        self.has_inside = False
        self._open: list[str] = []
        self._quotes = Counter[str]()

    def count(self, text: str) -> None:
        """Count the brackets and quotes of what may belong to the value."""
        for bracket in _BRACKET.findall(text):
            if self._open and f"{self._open[-1]}{bracket}" in _PAIRS:
                self._open.pop()
            else:
                self._open.append(bracket)
        text = _APOSTROPHE.sub("", text)
        without_escapes = _ESCAPE.sub("", text)
        self._quotes["'"] += text.count("'")
        self._quotes['"'] += text.count('"')
        self._quotes["escaped"] += text.count('"') - without_escapes.count('"')

    def covers(self, line: str) -> bool:
        """Tell whether a line stands where it cannot but belong to the value."""
        indent = _indent(line)
        is_item = _ITEM.match(line) is not None
        return indent > self.column or (is_item and indent == self.column)

    @property
    def is_balanced(self) -> bool:
        """Whether all that was opened was closed, whatever is a quote or an escape."""
        return not (self._open or any(count % 2 for count in self._quotes.values()))


class _Censor:
    """
    Tells how much of each line may be shown.

    Attributes:
        found: what stands behind the names of secrets.
    """

    def __init__(self, names: KeyNames, is_clear: bool) -> None:
        self._names = names
        self._known = names.secret | names.holders | names.others
        self._harmless = names.others if is_clear else frozenset[str]()
        self._words = [name.lower() for name in names.secret]
        self._columns: list[int] = []
        self._guard: _Guard | None = None
        self.found: set[str] = set()

    def end(self, line: str) -> int:
        """Return how many characters of the next line may be shown."""
        if not line.strip():
            return len(line)
        end = self._end(line)
        if self._guard is not None and self._guard.is_secret:
            self._find(line[end:])
        return end

    def _end(self, line: str) -> int:
        comment = _COMMENT.match(line)
        if comment:
            return comment.end()
        entry = self._entry(line)
        if self._guard is not None and self._is_guarded(self._guard, line, entry):
            return _indent(line)
        self._guard = None
        if _BRACKETS.fullmatch(line):
            return len(line)
        return self._end_of_unknown(line) if entry is None else self._end_of(entry)

    def _entry(self, line: str) -> re.Match[str] | None:
        if len(line) > _UNDERSTOOD_CHARACTERS_MAX:
            return None
        entry = _ENTRY.fullmatch(line)
        if entry is None or entry["name"] not in self._known:
            return None
        is_key = entry["blank"] or entry["quote"] or not entry["value"]
        return entry if is_key else None

    def _is_guarded(
        self, guard: _Guard, line: str, entry: re.Match[str] | None
    ) -> bool:
        if guard.covers(line):
            guard.count(line)
            guard.has_inside = True
            return True
        if guard.is_balanced:
            # Only a key of the same kind, at a known depth, ends what has no brackets.
            if not guard.goes_on or (
                guard.has_inside
                and entry is not None
                and entry["quote"] == guard.quote
                and len(entry["lead"]) in self._columns
            ):
                return False
        elif _CLOSING.fullmatch(line):
            guard.count(line)
            return True
        if not _CLOSING.fullmatch(line):
            guard.column = -1
        return True

    def _end_of(self, entry: re.Match[str]) -> int:
        name, value, column = entry["name"], entry["value"].rstrip(), len(entry["lead"])
        self._columns = [*(above for above in self._columns if above < column), column]
        is_secret = name in self._names.secret
        has_word = not is_secret and self._has_word(value)
        if not (is_secret or has_word):
            if _OPENING.fullmatch(value):
                return len(entry.string)
            length = _scalar_length(value) if name in self._harmless else 0
            if length:
                return entry.start("value") + length
        goes_on = has_word or _GOES_ON.search(value) is not None
        self._stand_guard(value, column, entry["quote"], is_secret, goes_on)
        return entry.start("value")

    def _end_of_unknown(self, line: str) -> int:
        goes_on = self._has_word(line) or _GOES_ON.search(line) is not None
        self._stand_guard(line, _indent(line), "", False, goes_on)
        return _indent(line)

    def _stand_guard(
        self, text: str, column: int, quote: str, is_secret: bool, goes_on: bool
    ) -> None:
        self._guard = _Guard(column, quote, is_secret=is_secret, goes_on=goes_on)
        self._guard.count(text)

    def _has_word(self, text: str) -> bool:
        text = text.lower()
        return any(word in text for word in self._words)

    def _find(self, text: str) -> None:
        value = text.partition(" #")[0].strip().strip("\"',[]{}")
        texts = {value, *_WORD.findall(text)}
        self.found |= {
            text for text in texts - self._known if any(map(str.isalnum, text))
        }


def _scalar_length(value: str) -> int:
    for pattern in _SCALARS:
        scalar = pattern.match(value)
        if scalar:
            after = _AFTER_SCALAR.match(value, scalar.end("blank"))
            if after:
                return after.end() - after[0].endswith("#")
    return 0
