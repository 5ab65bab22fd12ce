"""
The table in which each worker says which version it holds.

Owns: the layout of the rows, who writes which, giving them out and taking them back.
Must not know: configs, how a version is taken, who shows the table.
Runs in: the master, which gives rows out, and every worker, which has one of its own.

Why a row of its own: what only one process writes needs no lock, and a worker that is
killed in the middle leaves at most one word older than it might be.

Why the counts stay when a row is taken back: the next worker of the row counts on from
them, so that the sums over all rows never fall, whoever dies.

The memory is anonymous, so that forked children share it. Each row is 32 words of 8
bytes. The first holds in its first two words how many were ever given out, to workers
and to gunicorn's dirty workers; of the others:

| word | holds                                                              |
| ---- | ------------------------------------------------------------------ |
| 0    | the worker's process, 0 for a row that is free                     |
| 1    | when it was given out                                              |
| 2    | the version that the worker holds, 0 for none yet                  |
| 3    | when the worker took that version                                  |
| 4    | since when it cannot read the newest version, 0 if it can          |
| 5    | whether a change since its start needs a restart: 0 or 1           |
| 6    | when the callback that has run for longest began, 0 while none does |
| 7    | how long after its publication the worker took that version, 0 if  |
|      | it started with it                                                 |
| 8, 9 | callbacks that failed, that were slow: counts                      |
| 10, 11 | both counts as they were when the row was given out              |
| 12   | propagation: the sum of all that was observed, in nanoseconds      |
| 13.. | propagation: how many fell into each bucket                        |
| 27   | which class it has: `Schema.identity` as a number, 0 if not known  |

Times are nanoseconds since the epoch.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Collection
from typing import NamedTuple

_WORD_BYTES = 8
_ROW_WORDS = 32
# As many as there are: of workers, and while gunicorn reloads twice as many.
_ROWS = 4096

# The first row of gunicorn's dirty workers, which have a parent of their own that gives
# their rows out.
_DIRTY_ROW = 5001
# How long after the fork the parent of a dirty worker may need to give it its row.
_ASSIGNED_SECONDS = 5.0

_PID = 0
_STARTED_AT = 1
_VERSION = 2
_TAKEN_AT = 3
_STALE_SINCE = 4
_NEEDS_RESTART = 5
_RUNNING_SINCE = 6
_DELAY = 7
_FAILURES = 8
_SLOW = 9
_FAILURES_BEFORE = 10
_SLOW_BEFORE = 11
_PROPAGATION_NS = 12
_BUCKETS = 13
_SCHEMA = 27
_OF_ONE_WORKER = (*range(_PID, _FAILURES), _SCHEMA)

# The upper ends of the buckets of propagation, from publication to pick-up; the last
# bucket has none.
PROPAGATION_SECONDS = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    10.0,
)
_BUCKET_ENDS_NS = tuple(int(seconds * 1e9) for seconds in PROPAGATION_SECONDS)


class WorkerState(NamedTuple):
    """
    What one worker says of itself. Times are seconds since the epoch, 0.0 for never.

    Attributes:
        row: the number of its row from 1; the next worker may get it when this ends.
        pid: its process.
        started_at: when it was forked.
        version: the version that it holds, 0 for none.
        taken_at: when it took that version.
        delay_seconds: how long after its publication, 0.0 if it started with it.
        stale_since: since when it cannot read the newest version.
        needs_restart: whether a key that it cannot apply changed since its start.
        callback_failures: how many callbacks raised.
        callback_slow: how many callbacks took too long.
        callback_running_since: when the callback that runs for longest began.
        schema_digest: which class it has, as `Schema.identity` has it, "" if not known.
    """

    row: int
    pid: int
    started_at: float
    version: int
    taken_at: float
    delay_seconds: float
    stale_since: float
    needs_restart: bool
    callback_failures: int
    callback_slow: int
    callback_running_since: float
    schema_digest: str

    def is_behind(self, newest_version: int) -> bool:
        """Return True if it holds an older version than the newest."""
        # One that holds none is starting, or has nothing that asks for a config.
        return 0 < self.version < newest_version


class WorkerTotals(NamedTuple):
    """
    What all workers that ever were have counted together; none of it ever falls.

    Attributes:
        callback_failures: how many callbacks raised.
        callback_slow: how many callbacks took too long.
        propagation_buckets: pick-ups by their delay after the publication, one count
            for each of `PROPAGATION_SECONDS` and one for all above.
        propagation_seconds: the sum of these delays.
    """

    callback_failures: int
    callback_slow: int
    propagation_buckets: tuple[int, ...]
    propagation_seconds: float


class WorkerRow:
    """The row of this process. Its threads may use it at the same time."""

    def __init__(self, words: memoryview) -> None:
        """Write into `words`, which nobody else writes."""
        self._words = words
        self._lock = threading.Lock()
        self._running: list[int] = []

    def took(
        self, version: int, published_at_ns: int, *, is_awaited: bool = False
    ) -> None:
        """
        Note that this worker holds `version` from now on.

        Args:
            version: the version.
            published_at_ns: when it was published.
            is_awaited: whether the worker had looked for the first one before it came.
        """
        now_ns = time.time_ns()
        with self._lock:
            # Where a process has two managers, the threads that decode for them may
            # come here in the other order.
            if version <= self._words[_VERSION]:
                return
            # A worker that starts with this version did not wait for it: there is no
            # delay to record.
            if self._words[_VERSION] or is_awaited:
                delay_ns = max(1, now_ns - published_at_ns)
                self._words[_DELAY] = delay_ns
                bucket = bisect_left(_BUCKET_ENDS_NS, delay_ns)
                self._words[_PROPAGATION_NS] += delay_ns
                self._words[_BUCKETS + bucket] += 1
            self._words[_TAKEN_AT] = now_ns
            self._words[_VERSION] = version

    def note_stale_since(self, seconds: float | None) -> None:
        """Note since when the newest version cannot be read, None if it can."""
        self._words[_STALE_SINCE] = int((seconds or 0.0) * 1e9)

    def note_restart(self, *, is_needed: bool) -> None:
        """Note whether a key that this process cannot apply has another value now."""
        self._words[_NEEDS_RESTART] = is_needed

    def note_schema(self, identity: str) -> None:
        """Note which class this worker has."""
        self._words[_SCHEMA] = int(identity, 16)

    def callback_begins(self) -> int:
        """Note that a callback runs; return what `callback_ends` takes."""
        with self._lock:
            began_ns = time.time_ns()
            self._running.append(began_ns)
            self._words[_RUNNING_SINCE] = self._running[0]
        return began_ns

    def callback_ends(self, began_ns: int, *, is_failure: bool) -> None:
        """Note that a callback has ended, and how."""
        with self._lock:
            self._running.remove(began_ns)
            self._words[_RUNNING_SINCE] = self._running[0] if self._running else 0
            self._words[_FAILURES] += is_failure

    def count_slow_callback(self) -> None:
        """Count a callback that takes too long."""
        with self._lock:
            self._words[_SLOW] += 1


class WorkerTable:
    """
    All rows, as the master gives them out and as anybody reads them.

    Attributes:
        own: the row of this process, None where it has none.
    """

    def __init__(self) -> None:
        """Make an empty table; memory is taken only for rows that are given out."""
        self.own: WorkerRow | None = None
        self._memory = mmap.mmap(-1, (_DIRTY_ROW + _ROWS) * _ROW_WORDS * _WORD_BYTES)
        self._words = memoryview(self._memory).cast("Q")
        # The rows by the key that their worker has in the master.
        self._given: dict[object, int] = {}
        self._is_dirty = False

    def give_out(self, key: object) -> None:
        """Set a row aside for the worker that is forked next; for the master."""
        given = set(self._given.values())
        first = _DIRTY_ROW if self._is_dirty else 1
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
        _begin(words, os.getpid())
        self.own = WorkerRow(words)
        return True

    def begin_dirty(self) -> None:
        """Give out the rows of dirty workers from now on; for their parent."""
        self._is_dirty = True
        # Those of a parent before this one, which has ended, and they with it.
        rows = range(_DIRTY_ROW, _DIRTY_ROW + self._words[True])
        self._given = {row: row for row in rows}
        self.take_back_all_but(())

    def assign(self, pid: int) -> None:
        """Give a row to a process that is forked already; for its parent."""
        self.give_out(pid)
        if pid in self._given:
            _begin(self._row(self._given[pid]), pid)

    def enter_assigned(self) -> bool:
        """
        Take the row that the parent of this process gives to it; for the worker.

        Returns:
            whether there is one: the parent may do so a little later.
        """
        deadline = time.monotonic() + _ASSIGNED_SECONDS
        while time.monotonic() < deadline:
            for words in self._rows_ever_given().values():
                if words[_PID] == os.getpid():
                    self.own = WorkerRow(words)
                    return True
            time.sleep(0.01)
        return False

    def take_back_all_but(self, living: Collection[object]) -> bool:
        """Clear the rows of workers that have ended, if any did; for the master."""
        ended = self._given.keys() - living
        for key in ended:
            words = self._row(self._given.pop(key))
            for word in _OF_ONE_WORKER:
                words[word] = 0
        return bool(ended)

    def rows(self) -> tuple[WorkerState, ...]:
        """Return what the living workers say, in the order of their rows."""
        return tuple(
            _state(row, words)
            for row, words in self._rows_ever_given().items()
            if words[_PID]
        )

    def has_serving_worker(self) -> bool:
        """Return whether a living worker that serves clients holds a config."""
        return any(each.version and each.row < _DIRTY_ROW for each in self.rows())

    def newest_version(self) -> int:
        """Return the newest version that a living worker holds, 0 for none."""
        rows = self._rows_ever_given().values()
        return max((words[_VERSION] for words in rows), default=0)

    def totals(self) -> WorkerTotals:
        """Return what all workers have counted, those that are gone included."""
        rows = self._rows_ever_given().values()
        buckets = range(_BUCKETS, _BUCKETS + len(PROPAGATION_SECONDS) + 1)
        return WorkerTotals(
            sum(words[_FAILURES] for words in rows),
            sum(words[_SLOW] for words in rows),
            tuple(sum(words[bucket] for words in rows) for bucket in buckets),
            sum(words[_PROPAGATION_NS] for words in rows) / 1e9,
        )

    def fingerprint(self) -> bytes:
        """Return bytes that differ whenever anything in the table does."""
        return b"".join(map(bytes, self._rows_ever_given().values()))

    def close(self) -> None:
        """Give the memory back; this process has no row afterwards."""
        self.own = None
        self._words.release()
        self._memory.close()

    def _row(self, row: int) -> memoryview:
        return self._words[row * _ROW_WORDS : (row + 1) * _ROW_WORDS]

    def _rows_ever_given(self) -> dict[int, memoryview]:
        rows = range(1, 1 + self._words[False])
        dirty = range(_DIRTY_ROW, _DIRTY_ROW + self._words[True])
        return {row: self._row(row) for row in (*rows, *dirty)}


def _begin(words: memoryview, pid: int) -> None:
    words[_STARTED_AT] = time.time_ns()
    words[_FAILURES_BEFORE] = words[_FAILURES]
    words[_SLOW_BEFORE] = words[_SLOW]
    words[_PID] = pid


def _state(row: int, words: memoryview) -> WorkerState:
    return WorkerState(
        row,
        words[_PID],
        words[_STARTED_AT] / 1e9,
        words[_VERSION],
        words[_TAKEN_AT] / 1e9,
        words[_DELAY] / 1e9,
        words[_STALE_SINCE] / 1e9,
        bool(words[_NEEDS_RESTART]),
        words[_FAILURES] - words[_FAILURES_BEFORE],
        words[_SLOW] - words[_SLOW_BEFORE],
        words[_RUNNING_SINCE] / 1e9,
        f"{words[_SCHEMA]:016x}" if words[_SCHEMA] else "",
    )
