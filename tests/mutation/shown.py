"""
The safeguards of what is shown of a config, each as a change that takes it away.

Owns: the rows for what needs a restart, what changed, names, the excerpt,
    and for the verdict.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_CHANGES = "tests/unit/test_changes.py::test_"
_EXCERPT = "tests/unit/test_excerpt.py::test_"
_MARKS = "tests/unit/test_marks.py::test_"
_NAMES = "tests/unit/test_names.py::test_"
_TOLD = "tests/unit/test_told.py::test_"
_WAITING = "tests/unit/test_waiting.py::test_"
_VERDICT = ("tests/unit/test_cli_service.py",)

SHOWN = (
    Mutant(
        "schema/nodes",
        "annotations are seen through",
        "        yield from unwrapped(node.type)",
        "        return",
        (f"{_MARKS}annotated_type_is_explained_like_any_other",),
    ),
    Mutant(
        "schema/nodes",
        "a union inside of a union is seen through",
        "            yield from unwrapped(member)",
        "            yield member",
        (f"{_MARKS}annotated_type_is_explained_like_any_other",),
    ),
    Mutant(
        "schema/marks",
        "a mark above a change counts",
        "        if _has_mark(chain.from_iterable(map(unwrapped, places))):",
        "        if False:",
        (f"{_MARKS}needs_restart_tells_whether_a_mark_is_touched",),
    ),
    Mutant(
        "schema/marks",
        "a mark below a change counts",
        "map(reachable, places)",
        "map(unwrapped, places)",
        (f"{_MARKS}needs_restart_tells_whether_a_mark_is_touched",),
    ),
    Mutant(
        "schema/marks",
        "another tag changes the whole",
        "key == node.tag_field:",
        "False:",
        (f"{_MARKS}needs_restart_tells_whether_a_mark_is_touched",),
    ),
    Mutant(
        "schema/codec",
        "values that changed are masked",
        "return MASK if isinstance(value, Secret) else _in_clear(value)",
        "return _in_clear(value)",
        (f"{_CHANGES}change_shows_both_values",),
    ),
    Mutant(
        "schema/schema",
        "values that changed steer no terminal",
        "return text if text.isprintable() else",
        "return text if text else",
        (f"{_CHANGES}change_shows_both_values",),
    ),
    Mutant(
        "schema/schema",
        "a class that cannot be shown ends no publisher",
        """            texts = self._text(part(old, keys)), self._text(part(new, keys))
        except RAISED:""",
        """            texts = self._text(part(old, keys)), self._text(part(new, keys))
        except AssertionError:""",
        ("tests/unit/test_changes.py",),
    ),
    Mutant(
        "schema/codec",
        "infinity is a name in JSON",
        "if isinstance(value, float) and math.isinf(value):",
        "if isinstance(value, float) and math.isnan(value):",
        ("tests/unit/test_changes.py",),
    ),
    Mutant(
        "schema/changes",
        "long values are cut",
        "text[: characters_max - 1] + CUT",
        "text",
        (f"{_CHANGES}long_value_is_cut",),
    ),
    Mutant(
        "errors",
        "nothing steers a terminal",
        "if text.isprintable():",
        "if text:",
        (f"{_EXCERPT}excerpt_marks_the_place",),
    ),
    Mutant(
        "masking/excerpt",
        "values are masked",
        "return len(line) if _STRUCTURE.fullmatch(line, begin) else begin",
        "return len(line) if begin else begin",
        (f"{_EXCERPT}place_of_a_masked_text_is_the_mask",),
    ),
    Mutant(
        "masking/excerpt",
        "keys that nobody knows are masked",
        "if colon and _unquoted(name) in names:",
        "if colon:",
        (f"{_EXCERPT}names_and_structure_are_shown",),
    ),
    Mutant(
        "masking/excerpt",
        "structure is too short to be a secret",
        'r"[\\[\\]{}]{1,2},?\\s*|',
        'r"[\\[\\]{}]*,?\\s*|',
        (f"{_EXCERPT}secret_of_marks_alone_is_never_shown",),
    ),
    Mutant(
        "masking/names",
        "a key that nobody knows is masked where there are secrets",
        "MASK if self.secrecy and isinstance(key, str) else _cut(key)",
        "_cut(key)",
        (f"{_NAMES}unknown_key_is_masked_where_there_are_secrets",),
    ),
    Mutant(
        "masking/names",
        "a value behind a forgotten blank is cut off",
        "key[: doubtful.start()] + _CUT if doubtful else key",
        "key",
        (f"{_NAMES}unknown_key_is_cut_where_a_value_may_begin",),
    ),
    Mutant(
        "operators/admin",
        "another secrecy is another tag",
        "(snapshot.digest, self._manager.secrecy)",
        "(snapshot.digest,)",
        (f"{_TOLD}old_etag_is_none_where_a_key_has_become_a_secret",),
    ),
    Mutant(
        "publishing/log",
        "no name of a file forges a line",
        "line = printable(sentence.line(*arguments))",
        "line = sentence.line(*arguments)",
        (f"{_TOLD}line_of_the_log_is_one_line",),
    ),
    Mutant(
        "schema/marks",
        "other secrets are another secrecy",
        "{_name(node)}.{name}: {_sketch(below)}",
        "{_name(node)}.{name}",
        (f"{_MARKS}secrecy_tells_which_of_two_keys_is_secret",),
    ),
    Mutant(
        "memory/history",
        "the history forgets what has become secret",
        "tuple(each.without_text() for each in self.entries)",
        "self.entries",
        (f"{_TOLD}key_that_becomes_a_secret_is_shown_no_more",),
    ),
    Mutant(
        "memory/status",
        "the status forgets what has become secret",
        "rejected=self.rejected and self.rejected.without_text()",
        "rejected=self.rejected",
        (f"{_TOLD}key_that_becomes_a_secret_is_shown_no_more",),
    ),
    Mutant(
        "command/waiting",
        "a version is there when the last worker has it",
        "return status.converged and status.version >= self.version",
        "return status.version >= self.version",
        (f"{_WAITING}version_that_a_worker_lacks_is_waited_for",),
    ),
    Mutant(
        "command/waiting",
        "a rejection counts when the workers agree",
        "return status.rejected is not None and is_agreed",
        "return status.rejected is not None",
        (f"{_WAITING}rejection_counts_when_the_workers_agree",),
    ),
    Mutant(
        "command/waiting",
        "a worker that boots is none of those that are waited for",
        "if len(status.serving) < self.workers:\n            return False",
        "if len(status.workers) < self.workers:\n            return False",
        (f"{_WAITING}workers_that_are_missing_are_waited_for",),
    ),
    Mutant(
        "command/cli",
        "trouble is an exit status",
        'return _BAD if verdict.level == "trouble" else _GOOD',
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
    Mutant(
        "publishing/state",
        "a rejection is told once",
        "(before.digest, before.error) == (event.digest, problem)",
        "False",
        ("tests/unit/test_state.py",),
    ),
    Mutant(
        "publishing/lines",
        "what was logged of a rejection is not logged again",
        "if now.history is before.history:",
        "if False:",
        ("tests/unit/test_state.py",),
    ),
)
