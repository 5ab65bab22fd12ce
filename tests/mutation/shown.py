"""
The safeguards of what is shown of a config, each as a change that takes it away.

Owns: the rows for what needs a restart, what changed, names, the excerpt,
    and for the verdict.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_MARKS = ("tests/unit/test_marks.py",)
_CHANGES = ("tests/unit/test_changes.py",)
_EXCERPT = ("tests/unit/test_excerpt.py",)
_NAMES = ("tests/unit/test_names.py",)
_PUBLISHER = ("tests/unit/test_told.py",)
_VERDICT = ("tests/unit/test_cli_service.py",)

SHOWN = (
    Mutant(
        "schema/nodes",
        "annotations are seen through",
        "        yield from unwrapped(node.type)",
        "        return",
        _MARKS,
    ),
    Mutant(
        "schema/nodes",
        "a union inside of a union is seen through",
        "            yield from unwrapped(member)",
        "            yield member",
        _MARKS,
    ),
    Mutant(
        "schema/marks",
        "a mark above a change counts",
        "        if _has_mark(chain.from_iterable(map(unwrapped, places))):",
        "        if False:",
        _MARKS,
    ),
    Mutant(
        "schema/marks",
        "a mark below a change counts",
        "map(reachable, places)",
        "map(unwrapped, places)",
        _MARKS,
    ),
    Mutant(
        "schema/marks",
        "another tag changes the whole",
        "key == node.tag_field:",
        "False:",
        _MARKS,
    ),
    Mutant(
        "schema/codec",
        "values that changed are masked",
        "return MASK if isinstance(value, Secret) else _in_clear(value)",
        "return _in_clear(value)",
        _CHANGES,
    ),
    Mutant(
        "schema/schema",
        "values that changed steer no terminal",
        "return text if text.isprintable() else",
        "return text if text else",
        _CHANGES,
    ),
    Mutant(
        "schema/schema",
        "a class that cannot be shown ends no publisher",
        """            texts = self._text(part(old, keys)), self._text(part(new, keys))
        except RAISED:""",
        """            texts = self._text(part(old, keys)), self._text(part(new, keys))
        except AssertionError:""",
        _CHANGES,
    ),
    Mutant(
        "schema/codec",
        "infinity is a name in JSON",
        "if isinstance(value, float) and math.isinf(value):",
        "if isinstance(value, float) and math.isnan(value):",
        _CHANGES,
    ),
    Mutant(
        "schema/changes",
        "long values are cut",
        "text[: characters_max - 1] + CUT",
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
        "schema/excerpt",
        "values are masked",
        "return len(line) if _STRUCTURE.fullmatch(line, begin) else begin",
        "return len(line) if begin else begin",
        _EXCERPT,
    ),
    Mutant(
        "schema/excerpt",
        "keys that nobody knows are masked",
        "if colon and _unquoted(name) in names:",
        "if colon:",
        _EXCERPT,
    ),
    Mutant(
        "schema/excerpt",
        "structure is too short to be a secret",
        'r"[\\[\\]{}]{1,2},?\\s*|',
        'r"[\\[\\]{}]*,?\\s*|',
        _EXCERPT,
    ),
    Mutant(
        "schema/names",
        "a key that nobody knows is masked where there are secrets",
        "MASK if self.secrecy and isinstance(key, str) else _cut(key)",
        "_cut(key)",
        _NAMES,
    ),
    Mutant(
        "schema/names",
        "a value behind a forgotten blank is cut off",
        "key[: doubtful.start()] + _CUT if doubtful else key",
        "key",
        _NAMES,
    ),
    Mutant(
        "operators/admin",
        "another secrecy is another tag",
        "(snapshot.digest, self._manager.secrecy)",
        "(snapshot.digest,)",
        _PUBLISHER,
    ),
    Mutant(
        "publishing/log",
        "no name of a file forges a line",
        "line = printable(text % arguments if arguments else text)",
        "line = text % arguments if arguments else text",
        _PUBLISHER,
    ),
    Mutant(
        "schema/marks",
        "other secrets are another secrecy",
        "{_name(node)}.{name}: {_sketch(below)}",
        "{_name(node)}.{name}",
        _MARKS,
    ),
    Mutant(
        "memory/history",
        "the history forgets what has become secret",
        "tuple(each.without_text() for each in self.entries)",
        "self.entries",
        _PUBLISHER,
    ),
    Mutant(
        "memory/status",
        "the status forgets what has become secret",
        "rejected=self.rejected and self.rejected.without_text()",
        "rejected=self.rejected",
        _PUBLISHER,
    ),
    Mutant(
        "command/cli",
        "trouble is an exit status",
        'return _BAD if judge(found).level == "trouble" else _GOOD',
        "return _GOOD",
        _VERDICT,
    ),
    Mutant(
        "status/verdict",
        "a restart that is needed is trouble",
        'yield _trouble("restart", headline, detail)',
        'yield Finding("restart", "attention", headline, detail)',
        _VERDICT,
    ),
)
