"""What a row counts by version: slots, late counts, sums over workers."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from liveconfig.errors import StartupError
from liveconfig.memory import tallies
from liveconfig.memory.tallies import Counts, Tally
from liveconfig.memory.worker_row import WorkerRow
from liveconfig.memory.worker_table import WorkerTable


@pytest.fixture
def table() -> Iterator[WorkerTable]:
    """An empty table."""
    table = WorkerTable.create()
    yield table
    table.close()


@pytest.fixture
def words() -> memoryview:
    """The part of a row that counts."""
    return memoryview(bytearray(8 * tallies.WORDS)).cast("Q")


def _enter(table: WorkerTable, key: object) -> WorkerRow:
    table.give_out(key)
    assert table.enter(key)
    assert table.own is not None
    return table.own


def test_newest_four_versions_are_counted_apart(words: memoryview) -> None:
    """Each of four versions keeps counts of its own, whatever the others have."""
    for version in range(7, 11):
        tallies.add(words, version, Counts(version, 1, 2, 3, 4))
    for version in range(7, 11):
        assert tallies.counts(words, version) == (version, 1, 2, 3, 4)
    assert tallies.totals(words) == (34, 4, 8, 12, 16)


def test_newer_version_takes_a_slot_and_begins_at_none(words: memoryview) -> None:
    """Nothing of the version before in its slot is taken for that of the new one."""
    tallies.add(words, 1, Counts(9, 9, 9, 9, 9))
    tallies.add(words, 5, Counts(requests=1))
    assert tallies.counts(words, 5) == (1, 0, 0, 0, 0)
    assert tallies.counts(words, 1) == (0, 0, 0, 0, 0)


def test_count_that_comes_too_late_is_dropped(words: memoryview) -> None:
    """A request of a version without a slot counts for none of those that have one."""
    tallies.add(words, 5, Counts(requests=1))
    tallies.add(words, 1, Counts(requests=1, failures=1))
    assert tallies.counts(words, 5) == (1, 0, 0, 0, 0)
    assert tallies.totals(words) == (2, 1, 0, 0, 0)


@pytest.mark.parametrize("version", [1, 5, 9])
def test_request_that_has_not_failed_is_counted_as_any(version: int) -> None:
    """The short way leaves what the long one does: in the slot, a new one, or none."""
    first, second = (memoryview(bytearray(8 * tallies.WORDS)).cast("Q") for _ in "ab")
    for words in (first, second):
        tallies.add(words, 5, Counts(1, 1, 1, 1, 1))
    tallies.add_request(first, version)
    tallies.add(second, version, Counts(requests=1))
    assert bytes(first) == bytes(second)


class _Overtaken:
    """Words of which a writer gives the slot to a newer version during the copy."""

    def __init__(self, words: memoryview, newer: int, *, is_before: bool) -> None:
        self._words = words
        self._newer = newer
        self._is_before = is_before

    def __getitem__(self, index: int | slice) -> int | memoryview:
        if not isinstance(index, slice):
            return self._words[index]
        if self._is_before:
            tallies.add(self._words, self._newer, Counts(1, 1, 1, 1, 1))
            return self._words[index]
        found = memoryview(bytes(self._words[index])).cast("Q")
        tallies.add(self._words, self._newer, Counts(1, 1, 1, 1, 1))
        return found


@pytest.mark.parametrize("version", [1, 5])
@pytest.mark.parametrize("is_before", [True, False])
def test_counts_are_those_of_the_version_asked_for(
    words: memoryview, version: int, *, is_before: bool
) -> None:
    """A slot that changes hands while it is read says nothing of either version."""
    tallies.add(words, 1, Counts(9, 9, 9, 9, 9))
    overtaken = _Overtaken(words, 5, is_before=is_before)
    found = tallies.counts(overtaken, version)  # type: ignore[arg-type]
    assert found == (0, 0, 0, 0, 0)


def test_slot_belongs_to_none_while_it_changes_hands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At no moment do counts of the version before stand under the new version."""
    memory = memoryview(bytearray(8 * tallies.WORDS)).cast("Q")
    seen = []

    class Watched:
        def __getitem__(self, index: int) -> int:
            return memory[index]

        def __setitem__(self, index: int, value: int) -> None:
            memory[index] = value
            seen.append((memory[6], tuple(memory[7:12])))

    tallies.add(memory, 1, Counts(9, 9, 9, 9, 9))
    tallies.add(Watched(), 5, Counts())  # type: ignore[arg-type]
    assert seen
    assert {counts for version, counts in seen if version == 5} == {(0, 0, 0, 0, 0)}
    assert all(counts == (9, 9, 9, 9, 9) or version != 1 for version, counts in seen)


def test_tally_is_the_sum_over_workers(table: WorkerTable) -> None:
    """Requests, failures, callbacks and deaths of all rows are in it, by version."""
    first = _enter(table, "a")
    second = _enter(table, "b")
    for row in (first, second):
        row.took(3, 0)
        row.count_request(3, is_failure=False)
        row.count_request(3, is_failure=True)
    second.count_request(2, is_failure=True)
    for _ in range(2):
        second.callback_ends(second.callback_begins(), is_failure=True, version=3)
    first.callback_ends(first.callback_begins(), is_failure=False, version=3)
    table.count_death("a")
    assert table.tally(3) == Tally(3, 4, 2, 2, 1, 1)
    assert table.tally(2) == Tally(2, 1, 1, 0, 0, 0)
    assert table.tally(0) == Tally(0, 0, 0, 0, 0, 0)


def test_tally_outlives_workers(table: WorkerTable) -> None:
    """The next worker of a row counts on from the one before."""
    row = _enter(table, "a")
    row.took(1, 0)
    row.count_request(1, is_failure=True)
    table.count_death("a")
    table.take_back_all_but(())
    _enter(table, "b").count_request(1, is_failure=False)
    assert table.tally(1) == Tally(1, 2, 1, 0, 0, 1)
    _enter(table, "c").took(1, 0)
    table.count_death("c", is_breakdown=True)
    assert table.tally(1) == Tally(1, 2, 1, 0, 0, 2, 1)


def test_death_of_a_worker_that_held_nothing_is_no_versions(table: WorkerTable) -> None:
    """One that dies before it has a config, or has no row, counts for no version."""
    _enter(table, "a")
    table.count_death("a")
    table.count_death("nobody")
    assert [table.tally(version).deaths for version in range(5)] == [0] * 5


def test_table_is_read_by_its_descriptor(table: WorkerTable) -> None:
    """Another process sees what is counted, and cannot write any of it."""
    row = _enter(table, "a")
    row.count_request(1, is_failure=False)
    attached = WorkerTable.attach(os.dup(table.descriptor))
    assert attached.tally(1).requests == 1
    row.count_request(1, is_failure=False)
    assert attached.tally(1).requests == 2
    with pytest.raises(TypeError):
        attached.assign(os.getpid())
    with pytest.raises(OSError, match=r"Bad file|not permitted|Invalid"):
        os.write(attached.descriptor, b"x")
    attached.close()


def test_table_of_another_layout_is_refused(table: WorkerTable) -> None:
    """A table that another version of the package made is not misread."""
    other = os.memfd_create("other")
    os.ftruncate(other, 4096)
    with pytest.raises(StartupError, match=r"not a table of workers.*restart gunicorn"):
        WorkerTable.attach(other)
    os.close(other)
