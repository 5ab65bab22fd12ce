"""Safeguards of what is counted for each version, and for whom."""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Always, Argument, Drop, Swap, Value

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
)
