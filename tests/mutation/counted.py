"""Safeguards of what is counted for each version, and for whom."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_TALLIES = "tests/unit/test_tallies.py::test_"

COUNTED = (
    Mutant(
        "memory/tallies",
        "a newer version begins at none",
        "        words[word] = 0\n",
        "        pass\n",
        (f"{_TALLIES}newer_version_takes_a_slot_and_begins_at_none",),
    ),
    Mutant(
        "memory/tallies",
        "a slot that changes hands belongs to none",
        "    words[start] = 0\n",
        "    words[start] = version\n",
        (f"{_TALLIES}slot_belongs_to_none_while_it_changes_hands",),
    ),
    Mutant(
        "memory/tallies",
        "what comes too late takes no slot",
        "if words[start] < version:",
        "if words[start] != version:",
        (f"{_TALLIES}count_that_comes_too_late_is_dropped",),
    ),
    Mutant(
        "memory/tallies",
        "a slot is asked again whose it is",
        "        if words[start] == version:\n            return found\n",
        "        return found\n",
        (f"{_TALLIES}counts_are_those_of_the_version_asked_for",),
    ),
    Mutant(
        "memory/worker_table",
        "the publisher reads the table only",
        "kernel.opened_anew(writable, os.O_RDONLY)",
        "kernel.opened_anew(writable, os.O_RDWR)",
        (f"{_TALLIES}table_is_read_by_its_descriptor",),
    ),
)
