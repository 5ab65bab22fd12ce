"""
The safeguards against what costs too much, each as a change that takes it away.

Owns: the rows for attempts, hangs, limits and bounds.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Always, Drop, Instead, Never, Swap, Value, Without

_ATTEMPTS = "tests/process/test_attempts.py::test_"
_AT_LEAST = "tests/unit/test_at_least.py::test_"
_BOUNDS = "tests/unit/test_bounds.py::test_"
_CHANGES = "tests/unit/test_changes.py::test_"
_HANG = "tests/unit/test_hang.py::test_"
_LOADER = "tests/unit/test_loader.py::test_"
_TURNS = "tests/unit/test_turns.py::test_"

BOUNDS = (
    Mutant(
        "master.hang:Vigil._trouble_at_work",
        "time that cannot be read is held against nobody",
        Drop("_count_from"),
        ("tests/unit/test_hang.py",),
    ),
    Mutant(
        "master.hang:Vigil._trouble_at_work",
        "work without an end is a hang",
        Never("_WORK_SECONDS_MAX"),
        (f"{_HANG}work_without_an_end_is_a_hang",),
    ),
    Mutant(
        "master.hang:Vigil._trouble_at_work",
        "work that waits is a hang",
        Never("_moved_at"),
        (f"{_HANG}work_that_only_waits_is_a_hang",),
    ),
    Mutant(
        "master.hang:Vigil._trouble_at_work",
        "work that moves is none",
        Drop("_moved_at _worked_at_move"),
        (f"{_HANG}work_that_gets_little_of_a_busy_machine_is_left_alone",),
    ),
    Mutant(
        "publishing.attempts:Attempts.begin",
        "what ended three publishers is given up",
        Value("is_over", "False"),
        (f"{_ATTEMPTS}bytes_that_end_three_publishers_are_not_tried_again",),
    ),
    Mutant(
        "publishing.attempts:Attempts.__init__",
        "tries are noted on disk as well",
        Never("_note"),
        (f"{_ATTEMPTS}bytes_that_end_three_publishers_are_not_tried_again",),
    ),
    Mutant(
        "publishing.process:run",
        "the cache is served before deadly bytes are tried again",
        Never("is_wary"),
        (f"{_ATTEMPTS}bytes_that_end_three_publishers_are_not_tried_again",),
    ),
    Mutant(
        "publishing.process:run",
        "a reload has what was given up tried again",
        Drop("close", nth=1),
        (f"{_ATTEMPTS}bytes_that_end_three_publishers_are_not_tried_again",),
    ),
    Mutant(
        "reading.loader:load",
        "what is known already counts as well",
        Drop("add"),
        (f"{_LOADER}limits_are_those_of_all_files_together",),
    ),
    Mutant(
        "reading.loader:load",
        "the limits are those of all files",
        Without("spent"),
        (f"{_LOADER}good_file_becomes_a_candidate",),
    ),
    Mutant(
        "schema.changes:changed",
        "no level is copied",
        Swap("memoryview", "bytes"),
        (f"{_CHANGES}deep_change_is_found_without_copies_of_each_level",),
    ),
    Mutant(
        "schema.explain:_find",
        "the search for a key ends in time",
        Never("process_time"),
        (f"{_BOUNDS}search_for_a_key_ends_in_time",),
    ),
    Mutant(
        "schema.explain:_quoted",
        "an endless sentence is not looked through",
        Swap("_WORDS_CHARACTERS_MAX", "10 ** 9"),
        (f"{_BOUNDS}sentence_that_is_endless_is_not_shown",),
    ),
    Mutant(
        "reading.yaml_text:read_yaml",
        "many tag directives are refused",
        Drop("_refuse_many_handles"),
        (f"{_BOUNDS}many_tag_directives_are_refused",),
    ),
    Mutant(
        "reading.source:Source.read",
        "a large source is given up in time",
        Never("monotonic"),
        (f"{_BOUNDS}large_source_that_never_holds_still_is_given_up_in_time",),
    ),
    Mutant(
        "worker.manager:ConfigManager.snapshot_at_least",
        "who asks for a version waits for it",
        Always("wanted", nth=2),
        (f"{_AT_LEAST}version_that_another_thread_decodes_is_waited_for",),
    ),
    Mutant(
        "worker.manager:ConfigManager.snapshot_at_least",
        "another pod's version is not waited for",
        Value("wanted", "version"),
        (f"{_AT_LEAST}version_of_another_pod_is_not_waited_for",),
    ),
    Mutant(
        "worker.turns:_is_turn",
        "a large config is taken in turns",
        Instead("_AT_ONCE", "return True"),
        (f"{_TURNS}large_config_is_taken_after_the_worker_before",),
    ),
    Mutant(
        "worker.turns:wait",
        "a worker that stands is not waited for long",
        Without("deadline"),
        (f"{_TURNS}worker_that_stands_is_not_waited_for_long",),
    ),
)
