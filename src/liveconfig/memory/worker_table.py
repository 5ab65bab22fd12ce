"""
The table in which each worker says which version it holds.

Owns: who writes which row, giving rows out and taking them back, sums over them.
Must not know: configs, how a version is taken, who shows the table.
Runs in: the master, which gives rows out; every worker, which has one of its own; the
    publisher, which reads.

Why a row of its own: what only one process writes needs no lock, and a worker that is
killed in the middle leaves at most one word older than it might be.

Why the counts stay when a row is taken back: the next worker of the row counts on from
them, so that the sums over all rows never fall, whoever dies.

Forked children share the memory; the publisher, which is none, attaches by descriptor.
The first row holds in its first two words how many were ever given out, to workers and
to gunicorn's dirty workers.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Collection

from liveconfig.errors import StartupError
from liveconfig.memory import kernel, tallies
from liveconfig.memory.tallies import Counts, Tally
from liveconfig.memory.worker_row import (
    BUCKETS,
    DIRTY_ROW,
    FAILURES,
    OF_ONE_WORKER,
    PID,
    PROPAGATION_NS,
    PROPAGATION_SECONDS,
    ROW_WORDS,
    SLOW,
    VERSION,
    WorkerRow,
    WorkerState,
    WorkerTotals,
    begin,
    state,
    tallies_of,
)

_WORD_BYTES = 8
# As many as there are: of workers, and while gunicorn reloads twice as many.
_ROWS = 4096

# How long after the fork the parent of a dirty worker may need to give it its row.
_ASSIGNED_SECONDS = 5.0

_TABLE_BYTES = (DIRTY_ROW + _ROWS) * ROW_WORDS * _WORD_BYTES


class WorkerTable:
    """
    All rows, as the master gives them out and as anybody reads them.

    Attributes:
        own: the row of this process, None where it has none.
        descriptor: of the memory, to read only, closed on exec; others attach by it.
    """

    def __init__(self, descriptor: int, memory: mmap.mmap) -> None:
        """Use memory, and its descriptor, which belong to this object from now on."""
        self.own: WorkerRow | None = None
        self.descriptor = descriptor
        self._memory = memory
        self._words = memoryview(self._memory).cast("Q")
        # The rows by the key that their worker has in the master.
        self._given: dict[object, int] = {}
        self._is_dirty = False

    @classmethod
    def create(cls) -> WorkerTable:
        """Make an empty table; memory is taken only for rows that are given out."""
        writable = kernel.memfd_create("liveconfig-workers")
        try:
            os.ftruncate(writable, _TABLE_BYTES)
            kernel.seal_size(writable)
            memory = mmap.mmap(writable, _TABLE_BYTES)
            return cls(kernel.opened_anew(writable, os.O_RDONLY), memory)
        finally:
            os.close(writable)

    @classmethod
    def attach(cls, descriptor: int) -> WorkerTable:
        """
        Return a table that can only be read, by its descriptor.

        Raises:
            StartupError: the descriptor is not that of a table; it is left open.
        """
        if os.fstat(descriptor).st_size != _TABLE_BYTES:
            raise StartupError(
                f"descriptor {descriptor} is not a table of workers of this version: "
                "restart gunicorn, so that all of it runs the same liveconfig"
            )
        memory = mmap.mmap(descriptor, _TABLE_BYTES, mmap.MAP_SHARED, mmap.PROT_READ)
        return cls(descriptor, memory)

    def give_out(self, key: object) -> None:
        """Set a row aside for the worker that is forked next; for the master."""
        given = set(self._given.values())
        first = DIRTY_ROW if self._is_dirty else 1
        row = next((r for r in range(first, first + _ROWS) if r not in given), None)
        # Without one, a worker serves as well as with one; nobody sees what it holds.
        if row is not None:
            self._given[key] = row
            ever = max(self._words[self._is_dirty], row - first + 1)
            self._words[self._is_dirty] = ever

    def enter(self, key: object) -> bool:
        """
        Take the row that was set aside for this worker; for the worker.

        Returns:
            whether there is one.
        """
        row = self._given.get(key)
        if row is None:
            return False
        words = self._row(row)
        begin(words, os.getpid())
        self.own = WorkerRow(words)
        return True

    def begin_dirty(self) -> None:
        """Give out the rows of dirty workers from now on; for their parent."""
        self._is_dirty = True
        # Those of a parent before this one, which has ended, and they with it.
        rows = range(DIRTY_ROW, DIRTY_ROW + self._words[True])
        self._given = {row: row for row in rows}
        self.take_back_all_but(())

    def assign(self, pid: int) -> None:
        """Give a row to a process that is forked already; for its parent."""
        self.give_out(pid)
        if pid in self._given:
            begin(self._row(self._given[pid]), pid)

    def enter_assigned(self) -> bool:
        """
        Take the row that the parent of this process gives to it; for the worker.

        Returns:
            whether there is one: the parent may do so a little later.
        """
        deadline = time.monotonic() + _ASSIGNED_SECONDS
        while time.monotonic() < deadline:
            for words in self._rows_ever_given().values():
                if words[PID] == os.getpid():
                    self.own = WorkerRow(words)
                    return True
            time.sleep(0.01)
        return False

    def count_death(self, key: object, *, is_breakdown: bool = False) -> None:
        """
        Count that a worker has died, for the version that it held; for the master.

        To be called before its row is taken back.

        Args:
            key: the worker's.
            is_breakdown: whether it died by what it ran itself.
        """
        if key in self._given:
            words = self._row(self._given[key])
            if version := words[VERSION]:
                counts = Counts(deaths=1, breakdowns=is_breakdown)
                tallies.add(tallies_of(words), version, counts)

    def take_back_all_but(self, living: Collection[object]) -> bool:
        """Clear the rows of workers that have ended, if any did; for the master."""
        ended = self._given.keys() - living
        for key in ended:
            words = self._row(self._given.pop(key))
            for word in OF_ONE_WORKER:
                words[word] = 0
        return bool(ended)

    def rows(self) -> tuple[WorkerState, ...]:
        """Return what the living workers say, in the order of their rows."""
        return tuple(
            state(row, words)
            for row, words in self._rows_ever_given().items()
            if words[PID]
        )

    def serving_workers(self) -> int:
        """Return how many living workers that serve clients hold a config."""
        return len(self.serving())

    def serving(self) -> tuple[WorkerState, ...]:
        """Return what these say."""
        rows = self.rows()
        return tuple(each for each in rows if each.version and not each.is_dirty)

    def newest_version(self) -> int:
        """Return the newest version that a living worker holds, 0 for none."""
        rows = self._rows_ever_given().values()
        return max((words[VERSION] for words in rows), default=0)

    def totals(self) -> WorkerTotals:
        """Return what all workers have counted, those that are gone included."""
        rows = self._rows_ever_given().values()
        counted = [tallies.totals(tallies_of(words)) for words in rows]
        buckets = range(BUCKETS, BUCKETS + len(PROPAGATION_SECONDS) + 1)
        return WorkerTotals(
            sum(words[FAILURES] for words in rows),
            sum(words[SLOW] for words in rows),
            sum(each.requests for each in counted),
            sum(each.failures for each in counted),
            sum(each.deaths for each in counted),
            tuple(sum(words[bucket] for words in rows) for bucket in buckets),
            sum(words[PROPAGATION_NS] for words in rows) / 1e9,
        )

    def tally(self, version: int) -> Tally:
        """
        Return how a version fared in all workers, dead and dirty ones included.

        Of each row only the newest four versions are kept; 0 is no version.
        """
        rows = map(tallies_of, self._rows_ever_given().values())
        found = [tallies.counts(each, version) for each in rows if version]
        return Tally.of(version, found)

    def fingerprint(self) -> bytes:
        """Return bytes that differ whenever anything in the table does."""
        return b"".join(map(bytes, self._rows_ever_given().values()))

    def close(self) -> None:
        """Give the memory back; this process has no row afterwards."""
        self.own = None
        self._words.release()
        self._memory.close()
        os.close(self.descriptor)

    def _row(self, row: int) -> memoryview:
        return self._words[row * ROW_WORDS : (row + 1) * ROW_WORDS]

    def _rows_ever_given(self) -> dict[int, memoryview]:
        rows = range(1, 1 + self._words[False])
        dirty = range(DIRTY_ROW, DIRTY_ROW + self._words[True])
        return {row: self._row(row) for row in (*rows, *dirty)}
