"""
The safeguards against what costs too much, each as a change that takes it away.

Owns: the rows for attempts, hangs, limits and bounds.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_ATTEMPTS = "tests/process/test_attempts.py::test_"
_AT_LEAST = "tests/unit/test_at_least.py::test_"
_BOUNDS = "tests/unit/test_bounds.py::test_"
_CHANGES = "tests/unit/test_changes.py::test_"
_HANG = "tests/unit/test_hang.py::test_"
_LOADER = "tests/unit/test_loader.py::test_"
_TURNS = "tests/unit/test_turns.py::test_"

BOUNDS = (
    Mutant(
        "master/hang",
        "time that cannot be read is held against nobody",
        "            self._count_from(worked, now)\n            return",
        "            return",
        ("tests/unit/test_hang.py",),
    ),
    Mutant(
        "master/hang",
        "work without an end is a hang",
        "if seconds > _WORK_SECONDS_MAX:",
        "if False:",
        (f"{_HANG}work_without_an_end_is_a_hang",),
    ),
    Mutant(
        "master/hang",
        "work that waits is a hang",
        "if now - self._moved_at > _STILL_SECONDS_MAX:",
        "if False:",
        (f"{_HANG}work_that_only_waits_is_a_hang",),
    ),
    Mutant(
        "master/hang",
        "work that moves is none",
        "self._worked_at_move, self._moved_at = worked, now",
        "pass",
        (f"{_HANG}work_that_gets_little_of_a_busy_machine_is_left_alone",),
    ),
    Mutant(
        "publishing/attempts",
        "what ended three publishers is given up",
        "is_over = number >= ATTEMPTS_MAX",
        "is_over = False",
        (f"{_ATTEMPTS}bytes_that_end_three_publishers_are_not_tried_again",),
    ),
    Mutant(
        "publishing/attempts",
        "tries are noted on disk as well",
        "noted = _read(self._note) if self._note else None",
        "noted = None",
        (f"{_ATTEMPTS}bytes_that_end_three_publishers_are_not_tried_again",),
    ),
    Mutant(
        "publishing/process",
        "the cache is served before deadly bytes are tried again",
        "if publisher.is_wary:",
        "if False:",
        (f"{_ATTEMPTS}bytes_that_end_three_publishers_are_not_tried_again",),
    ),
    Mutant(
        "publishing/process",
        "a reload has what was given up tried again",
        "    publisher.close()",
        "    pass",
        (f"{_ATTEMPTS}bytes_that_end_three_publishers_are_not_tried_again",),
    ),
    Mutant(
        "reading/loader",
        "what is known already counts as well",
        "        spent.add(known[file])",
        "        pass",
        (f"{_LOADER}limits_are_those_of_all_files_together",),
    ),
    Mutant(
        "reading/loader",
        "the limits are those of all files",
        "limits, schema.key_names, spent)",
        "limits, schema.key_names)",
        (f"{_LOADER}good_file_becomes_a_candidate",),
    ),
    Mutant(
        "schema/changes",
        "no level is copied",
        "*(memoryview(each) for each in branches)",
        "*(bytes(each) for each in branches)",
        (f"{_CHANGES}deep_change_is_found_without_copies_of_each_level",),
    ),
    Mutant(
        "schema/explain",
        "the search for a key ends in time",
        "if time.process_time() > deadline:",
        "if False:",
        (f"{_BOUNDS}search_for_a_key_ends_in_time",),
    ),
    Mutant(
        "schema/explain",
        "an endless sentence is not looked through",
        "> _WORDS_CHARACTERS_MAX:",
        "> 10**9:",
        (f"{_BOUNDS}sentence_that_is_endless_is_not_shown",),
    ),
    Mutant(
        "reading/yaml_text",
        "many tag directives are refused",
        "    _refuse_many_handles(text, tree)\n",
        "",
        (f"{_BOUNDS}many_tag_directives_are_refused",),
    ),
    Mutant(
        "reading/source",
        "a large source is given up in time",
        "if tries > 1 and time.monotonic() > deadline:",
        "if False:",
        (f"{_BOUNDS}large_source_that_never_holds_still_is_given_up_in_time",),
    ),
    Mutant(
        "worker/manager",
        "who asks for a version waits for it",
        "            if snapshot.version >= wanted:",
        "            if True:",
        (f"{_AT_LEAST}version_that_another_thread_decodes_is_waited_for",),
    ),
    Mutant(
        "worker/manager",
        "another pod's version is not waited for",
        "wanted = min(version, bound().config.version)",
        "wanted = version",
        (f"{_AT_LEAST}version_of_another_pod_is_not_waited_for",),
    ),
    Mutant(
        "worker/turns",
        "a large config is taken in turns",
        "row.version >= head or ahead < _AT_ONCE",
        "True",
        (f"{_TURNS}large_config_is_taken_after_the_worker_before",),
    ),
    Mutant(
        "worker/turns",
        "a worker that stands is not waited for long",
        " and time.monotonic() < deadline",
        "",
        (f"{_TURNS}worker_that_stands_is_not_waited_for_long",),
    ),
)
