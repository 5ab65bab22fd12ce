"""
The safeguards of what is shown of a config, each as a change that takes it away.

Owns: the rows for what needs a restart, what changed, names, the excerpt,
    and for the verdict.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import (
    Argument,
    Instead,
    Never,
    Only,
    Swap,
    Text,
    Value,
    Without,
)

_CHANGES = "tests/unit/test_changes.py::test_"
_EXCERPT = "tests/unit/test_excerpt.py::test_"
_MARKS = "tests/unit/test_marks.py::test_"
_NAMES = "tests/unit/test_names.py::test_"
_TOLD = "tests/unit/test_told.py::test_"
_WAITING = "tests/unit/test_waiting.py::test_"
_VERDICT = ("tests/unit/test_cli_service.py",)

SHOWN = (
    Mutant(
        "schema.nodes:unwrapped",
        "annotations are seen through",
        Instead("unwrapped type", "return"),
        (f"{_MARKS}annotated_type_is_explained_like_any_other",),
    ),
    Mutant(
        "schema.nodes:unwrapped",
        "a union inside of a union is seen through",
        Instead("unwrapped member", "yield member"),
        (f"{_MARKS}annotated_type_is_explained_like_any_other",),
    ),
    Mutant(
        "schema.marks:touches_mark",
        "a mark above a change counts",
        Never("_has_mark unwrapped"),
        (f"{_MARKS}needs_restart_tells_whether_a_mark_is_touched",),
    ),
    Mutant(
        "schema.marks:touches_mark",
        "a mark below a change counts",
        Swap("reachable", "unwrapped"),
        (f"{_MARKS}needs_restart_tells_whether_a_mark_is_touched",),
    ),
    Mutant(
        "schema.marks:_below",
        "another tag changes the whole",
        Swap("key == node.tag_field", "False"),
        (f"{_MARKS}needs_restart_tells_whether_a_mark_is_touched",),
    ),
    Mutant(
        "schema.codec:_masked",
        "values that changed are masked",
        Never("Secret"),
        (f"{_CHANGES}change_shows_both_values",),
    ),
    Mutant(
        "schema.schema:Schema._text",
        "values that changed steer no terminal",
        Swap("text.isprintable()", "text"),
        (f"{_CHANGES}change_shows_both_values",),
    ),
    Mutant(
        "schema.schema:Schema._change",
        "a class that cannot be shown ends no publisher",
        Swap("RAISED", "AssertionError"),
        ("tests/unit/test_changes.py",),
    ),
    Mutant(
        "schema.codec:_as_json",
        "infinity is a name in JSON",
        Swap("math.isinf", "math.isnan"),
        ("tests/unit/test_changes.py",),
    ),
    Mutant(
        "errors:shortened",
        "long values are cut",
        Swap("text[:characters_max - 1] + CUT", "text"),
        (f"{_CHANGES}long_value_is_cut",),
    ),
    Mutant(
        "errors:printable",
        "nothing steers a terminal",
        Swap("text.isprintable()", "text"),
        (f"{_EXCERPT}excerpt_marks_the_place",),
    ),
    Mutant(
        "masking.excerpt:_shown",
        "values are masked",
        Swap("_STRUCTURE.fullmatch(line, begin)", "begin"),
        (f"{_EXCERPT}place_of_a_masked_text_is_the_mask",),
    ),
    Mutant(
        "masking.excerpt:_shown",
        "keys that nobody knows are masked",
        Without("_unquoted"),
        (f"{_EXCERPT}names_and_structure_are_shown",),
    ),
    Mutant(
        "masking.excerpt:_STRUCTURE",
        "structure is too short to be a secret",
        Text("{1,2},?", "*,?"),
        (f"{_EXCERPT}secret_of_marks_alone_is_never_shown",),
    ),
    Mutant(
        "masking.names:KeyNames._doubtful",
        "a key that nobody knows is masked where there are secrets",
        Never("str"),
        (f"{_NAMES}unknown_key_is_masked_where_there_are_secrets",),
    ),
    Mutant(
        "masking.names:_certain",
        "a value behind a forgotten blank is cut off",
        Never("doubtful"),
        (f"{_NAMES}unknown_key_is_cut_where_a_value_may_begin",),
    ),
    Mutant(
        "operators.admin:ConfigResource.on_get",
        "another secrecy is another tag",
        Without("secrecy"),
        (f"{_TOLD}old_etag_is_none_where_a_key_has_become_a_secret",),
    ),
    Mutant(
        "publishing.log:Log.write",
        "no name of a file forges a line",
        Only("line sentence"),
        (f"{_TOLD}line_of_the_log_is_one_line",),
    ),
    Mutant(
        "schema.marks:_secrecy",
        "other secrets are another secrecy",
        Swap('f"{_name(node)}.{name}: {_sketch(below)}"', 'f"{_name(node)}.{name}"'),
        (f"{_MARKS}secrecy_tells_which_of_two_keys_is_secret",),
    ),
    Mutant(
        "memory.history:History.shown_by",
        "the history forgets what has become secret",
        Argument("History", 0, "self.entries"),
        (f"{_TOLD}key_that_becomes_a_secret_is_shown_no_more",),
    ),
    Mutant(
        "memory.status:PublisherStatus.shown_by",
        "warnings of before are not shown where other keys are secret",
        Value("warnings", "self.warnings"),
        (f"{_TOLD}key_that_becomes_a_secret_is_shown_no_more",),
    ),
    Mutant(
        "memory.status:PublisherStatus.shown_by",
        "the status forgets what has become secret",
        Without("without_text"),
        (f"{_TOLD}key_that_becomes_a_secret_is_shown_no_more",),
    ),
    Mutant(
        "command.waiting:Target.is_met",
        "a version is there when the last worker has it",
        Only("version self"),
        (f"{_WAITING}version_that_a_worker_lacks_is_waited_for",),
    ),
    Mutant(
        "command.waiting:Target.is_met",
        "a rejection counts when the workers agree",
        Without("is_agreed"),
        (f"{_WAITING}rejection_counts_when_the_workers_agree",),
    ),
    Mutant(
        "command.waiting:Target.is_met",
        "a worker that boots is none of those that are waited for",
        Argument("len", 0, "status.workers"),
        (f"{_WAITING}workers_that_are_missing_are_waited_for",),
    ),
    Mutant(
        "command.waiting:Target.is_met",
        "a config on trial is not proven",
        Never("is_proven"),
        (f"{_WAITING}trial_ends_no_wait_but_the_one_for_its_end",),
    ),
    Mutant(
        "status.document:Status.is_proven",
        "only what is live is what is proven",
        Without("digest"),
        (f"{_WAITING}another_config_that_is_proven_is_not_enough",),
    ),
    Mutant(
        "command.waiting:Wait._ends_with",
        "what was taken back is not waited for",
        Never("withdrawn"),
        (f"{_WAITING}config_that_is_taken_back_ends_the_wait",),
    ),
    Mutant(
        "command.waiting:Target.withdrawn",
        "what was taken back is what was waited for",
        Swap("found.digest == self.digest", "True"),
        (f"{_WAITING}another_config_that_is_taken_back_ends_no_wait",),
    ),
    Mutant(
        "command.waiting:Target.withdrawn",
        "a version that was taken back is not met by the newer one",
        Swap("found.version >= self.version", "False"),
        (f"{_WAITING}config_that_is_taken_back_ends_the_wait",),
    ),
    Mutant(
        "status.verdict:_trouble_with_source",
        "what was taken back is trouble",
        Never("withdrawn"),
        _VERDICT,
    ),
    Mutant(
        "status.verdict:_withdrawn",
        "what is live for want of another is not said to be gone",
        Never("digest"),
        ("tests/unit/test_verdict.py::test_trouble_is_told",),
    ),
    Mutant(
        "command.cli:status",
        "trouble is an exit status",
        Never("level"),
        _VERDICT,
    ),
    Mutant(
        "status.verdict:_trouble_with_workers",
        "a restart that is needed is trouble",
        Swap(
            "_trouble('restart', headline, detail)",
            "Finding('restart', 'attention', headline, detail)",
        ),
        _VERDICT,
    ),
    Mutant(
        "publishing.state:_(Rejected)",
        "a rejection is told once",
        Never("digest"),
        ("tests/unit/test_state.py",),
    ),
    Mutant(
        "publishing.lines:_(Rejected)",
        "what was logged of a rejection is not logged again",
        Never("history"),
        ("tests/unit/test_state.py",),
    ),
)
