"""
The safeguards of what is shown of a config, each as a change that takes it away.

Owns: the rows for what needs a restart, what changed, and the excerpt.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_MARKS = ("tests/unit/test_marks.py",)
_CHANGES = ("tests/unit/test_changes.py",)
_EXCERPT = ("tests/unit/test_excerpt.py",)

SHOWN = (
    Mutant(
        "config/nodes",
        "annotations are seen through",
        "        yield from unwrapped(node.type)",
        "        return",
        _MARKS,
    ),
    Mutant(
        "config/nodes",
        "a union inside of a union is seen through",
        "            yield from unwrapped(member)",
        "            yield member",
        _MARKS,
    ),
    Mutant(
        "config/marks",
        "a mark above a change counts",
        "        if _has_mark(chain.from_iterable(map(unwrapped, places))):",
        "        if False:",
        _MARKS,
    ),
    Mutant(
        "config/marks",
        "a mark below a change counts",
        "map(reachable, places)",
        "map(unwrapped, places)",
        _MARKS,
    ),
    Mutant(
        "config/marks",
        "another tag changes the whole",
        "key == node.tag_field:",
        "False:",
        _MARKS,
    ),
    Mutant(
        "config/marks",
        "a list or mapping of secrets is a secret",
        "_has_secret(reachable(below, into_classes=False))",
        "_has_secret(unwrapped(below))",
        _MARKS,
    ),
    Mutant(
        "config/marks",
        "a name that is a secret somewhere is harmless nowhere",
        "frozenset(others - secret - holders)",
        "frozenset(others - holders)",
        _MARKS,
    ),
    Mutant(
        "config/marks",
        "a name that holds secrets somewhere is harmless nowhere",
        "frozenset(others - secret - holders)",
        "frozenset(others - secret)",
        _MARKS,
    ),
    Mutant(
        "config/schema",
        "values that changed are masked",
        "return MASK if isinstance(value, Secret) else _in_clear(value)",
        "return _in_clear(value)",
        _CHANGES,
    ),
    Mutant(
        "config/schema",
        "values that changed steer no terminal",
        "return text if text.isprintable() else",
        "return text if text else",
        _CHANGES,
    ),
    Mutant(
        "config/changes",
        "long values are cut",
        "text[: characters_max - 1] + _CUT",
        "text",
        _CHANGES,
    ),
    Mutant(
        "errors",
        "nothing steers a terminal",
        "if text.isprintable():",
        "if text:",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "known secrets are masked",
        "censor.found.union(*map(_spellings, secrets))",
        "censor.found",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "a secret that stands elsewhere too is masked",
        "censor.found.union(",
        "set[str]().union(",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "a known secret hides its line",
        "return _indent(line) if any(text in line[:end] for text in hidden) else end",
        "return next((line.index(text) for text in hidden if text in line[:end]), end)",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "no value is shown where there are anchors",
        "is_clear = not _ANCHOR.search(text) and",
        "is_clear =",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "no value is shown where not all is looked at",
        " and len(lines) <= _LINES_MAX",
        "",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "not more is looked at than time allows",
        "lines[:_LINES_MAX]]",
        "lines]",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "comments are masked",
        "            return comment.end()",
        "            return len(line)",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "what stands deeper than a masked line is masked",
        "return indent > self.column or (",
        "return (",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "the items of a masked list are masked",
        "(is_item and indent == self.column)",
        "False",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "what is open goes on",
        "        if guard.is_balanced:",
        "        if True:",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "brackets close in order",
        'if self._open and f"{self._open[-1]}{bracket}" in _PAIRS:',
        'if self._open and bracket in "]}":',
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "quotes are counted",
        "self._open or any(count % 2 for count in self._quotes.values())",
        "self._open",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "escaped quotes are counted",
        "text.count('\"') - without_escapes.count('\"')",
        "0",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "a value that is to come must have come",
        "                guard.has_inside\n                and entry is not None",
        "                entry is not None",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "a key in other quotes ends nothing",
        '                and entry["quote"] == guard.quote\n',
        "",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "a key at another depth ends nothing",
        '                and len(entry["lead"]) in self._columns\n',
        "",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "what ended wrongly never ends",
        "            guard.column = -1",
        "            pass",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "a value with the name of a secret in it is masked",
        "not is_secret and self._has_word(value)",
        "False",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "a line with the name of a secret in it goes on",
        "self._has_word(line) or ",
        "",
        _EXCERPT,
    ),
    Mutant(
        "config/excerpt",
        "an unknown line is masked with what is below",
        'self._stand_guard(line, _indent(line), "", False, goes_on)',
        "pass",
        _EXCERPT,
    ),
)
