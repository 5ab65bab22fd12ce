"""Safeguards of what is counted for each version, and for whom."""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import (
    Always,
    Argument,
    Drop,
    Instead,
    Never,
    Swap,
    Value,
    Without,
)

_COUNTING = "tests/service/test_counting.py::test_"
_TALLIES = "tests/unit/test_tallies.py::test_"

COUNTED = (
    Mutant(
        "memory.tallies:_begin",
        "a newer version begins at none",
        Drop("word"),
        (f"{_TALLIES}newer_version_takes_a_slot_and_begins_at_none",),
    ),
    Mutant(
        "memory.tallies:_begin",
        "a slot that changes hands belongs to none",
        Value("words", "version", nth=1),
        (f"{_TALLIES}slot_belongs_to_none_while_it_changes_hands",),
    ),
    Mutant(
        "memory.tallies:add",
        "what comes too late takes no slot",
        Swap("words[start] < version", "words[start] != version"),
        (f"{_TALLIES}count_that_comes_too_late_is_dropped",),
    ),
    Mutant(
        "memory.tallies:counts",
        "a slot is asked again whose it is",
        Always("words"),
        (f"{_TALLIES}counts_are_those_of_the_version_asked_for",),
    ),
    Mutant(
        "memory.worker_table:WorkerTable.create",
        "the publisher reads the table only",
        Argument("opened_anew", 1, "os.O_RDWR"),
        (f"{_TALLIES}table_is_read_by_its_descriptor",),
    ),
    Mutant(
        "worker.counting:Counter.end",
        "a request is counted once",
        Drop("liveconfig_version req", nth=1),
        (f"{_COUNTING}own_hook_that_calls_ours_twice_counts_once",),
    ),
    Mutant(
        "worker.counting:Counter.end",
        "a request belongs to the version it began with",
        Argument("count_request", 0, "self._row.version"),
        (f"{_COUNTING}request_belongs_to_the_version_that_it_began_with",),
    ),
    Mutant(
        "worker.counting:_has_failed",
        "what an application raises fails after its first byte too",
        Never("_is_of_the_client"),
        (f"{_COUNTING}requests_and_their_failures_are_counted",),
    ),
    Mutant(
        "worker.counting:_is_of_the_client",
        "a client that leaves is no failure",
        Instead("_CLIENT_GONE", "return False"),
        (f"{_COUNTING}client_that_leaves_is_no_failure",),
    ),
    Mutant(
        "worker.counting:calls_hooks",
        "what gevent's own server answers is not counted",
        Without("has_own_server"),
        (f"{_COUNTING}worker_that_calls_no_hook_is_shown",),
    ),
    Mutant(
        "master.deaths:Deaths.__init__",
        "an end that was asked for is no death",
        Never("_FORCE"),
        (f"{_COUNTING}worker_that_hangs_when_asked_to_end_is_no_death",),
    ),
    Mutant(
        "master.deaths:Deaths.__init__",
        "a timeout is a death",
        Drop("_hanging add"),
        (f"{_COUNTING}timeout_is_a_death",),
    ),
    Mutant(
        "master.deaths:Deaths.counted",
        "a death that comes while another is seen to is counted",
        Drop("_count_all", nth=2),
        (f"{_COUNTING}deaths_beside_another_are_counted",),
    ),
    Mutant(
        "master.deaths:Deaths._count_all",
        "a death wakes the publisher",
        Drop("_notify"),
        (f"{_COUNTING}death_wakes_the_publisher",),
    ),
)
