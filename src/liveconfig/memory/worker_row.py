"""
One row of the worker table: what a worker says of itself.

Owns: the layout of a row, writing it and reading it.
Must not know: which rows there are, how they are given out, configs.
Runs in: every worker, which has one; whoever reads the table.

Each row is 64 words of 8 bytes:

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
| 28   | whether its requests are not counted: 0 or 1                        |
| 32.. | how each version fared in it, as `tallies` has it                   |

Times are nanoseconds since the epoch.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from typing import NamedTuple

from liveconfig.memory import tallies
from liveconfig.memory.tallies import Counts

ROW_WORDS = 64

# The first row of gunicorn's dirty workers, which have a parent of their own that gives
# their rows out.
DIRTY_ROW = 5001

PID = 0
STARTED_AT = 1
VERSION = 2
TAKEN_AT = 3
STALE_SINCE = 4
NEEDS_RESTART = 5
RUNNING_SINCE = 6
DELAY = 7
FAILURES = 8
SLOW = 9
FAILURES_BEFORE = 10
SLOW_BEFORE = 11
PROPAGATION_NS = 12
BUCKETS = 13
SCHEMA = 27
IS_BLIND = 28
TALLIES = 32
OF_ONE_WORKER = (*range(PID, FAILURES), SCHEMA, IS_BLIND)

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
        counts_requests: whether it counts its requests, by their version.
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
    counts_requests: bool

    @property
    def is_dirty(self) -> bool:
        """Whether it is one of gunicorn's dirty workers, which serve no clients."""
        return self.row >= DIRTY_ROW

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
        requests: how many requests were counted.
        request_failures: how many of these failed.
        deaths: how many workers ended otherwise than they were asked to.
        propagation_buckets: pick-ups by their delay after the publication, one count
            for each of `PROPAGATION_SECONDS` and one for all above.
        propagation_seconds: the sum of these delays.
    """

    callback_failures: int
    callback_slow: int
    requests: int
    request_failures: int
    deaths: int
    propagation_buckets: tuple[int, ...]
    propagation_seconds: float


class WorkerRow:
    """The row of this process. Its threads may use it at the same time."""

    def __init__(self, words: memoryview) -> None:
        """Write into `words`, which nobody else writes."""
        self._words = words
        self._tallies = tallies_of(words)
        self._lock = threading.Lock()
        self._running: list[int] = []

    @property
    def version(self) -> int:
        """The version that this worker holds, 0 for none yet."""
        return self._words[VERSION]

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
            if version <= self._words[VERSION]:
                return
            # A worker that starts with this version did not wait for it: there is no
            # delay to record.
            if self._words[VERSION] or is_awaited:
                delay_ns = max(1, now_ns - published_at_ns)
                self._words[DELAY] = delay_ns
                bucket = bisect_left(_BUCKET_ENDS_NS, delay_ns)
                self._words[PROPAGATION_NS] += delay_ns
                self._words[BUCKETS + bucket] += 1
            self._words[TAKEN_AT] = now_ns
            self._words[VERSION] = version

    def note_stale_since(self, seconds: float | None) -> None:
        """Note since when the newest version cannot be read, None if it can."""
        self._words[STALE_SINCE] = int((seconds or 0.0) * 1e9)

    def note_restart(self, *, is_needed: bool) -> None:
        """Note whether a key that this process cannot apply has another value now."""
        self._words[NEEDS_RESTART] = is_needed

    def note_schema(self, identity: str) -> None:
        """Note which class this worker has."""
        self._words[SCHEMA] = int(identity, 16)

    def callback_begins(self) -> int:
        """Note that a callback runs; return what `callback_ends` takes."""
        with self._lock:
            began_ns = time.time_ns()
            self._running.append(began_ns)
            self._words[RUNNING_SINCE] = self._running[0]
        return began_ns

    def note_blind(self) -> None:
        """Note that the requests of this worker are not counted."""
        self._words[IS_BLIND] = True

    def count_request(self, version: int, *, is_failure: bool) -> None:
        """Count a request that was answered with a version, and whether it failed."""
        with self._lock:
            if is_failure:
                tallies.add(self._tallies, version, Counts(1, 1))
            else:
                tallies.add_request(self._tallies, version)

    def callback_ends(
        self, began_ns: int, *, is_failure: bool, version: int = 0
    ) -> None:
        """Note that a callback for a version has ended, and how."""
        with self._lock:
            self._running.remove(began_ns)
            self._words[RUNNING_SINCE] = self._running[0] if self._running else 0
            self._words[FAILURES] += is_failure
            if is_failure:
                tallies.add(self._tallies, version, Counts(callback_failures=1))

    def count_slow_callback(self) -> None:
        """Count a callback that takes too long."""
        with self._lock:
            self._words[SLOW] += 1


def tallies_of(words: memoryview) -> memoryview:
    """Return the part of a row that `tallies` reads and writes."""
    return words[TALLIES : TALLIES + tallies.WORDS]


def begin(words: memoryview, pid: int) -> None:
    """Note in a row that it is that of a process from now on."""
    words[STARTED_AT] = time.time_ns()
    words[FAILURES_BEFORE] = words[FAILURES]
    words[SLOW_BEFORE] = words[SLOW]
    words[PID] = pid


def state(row: int, words: memoryview) -> WorkerState:
    """Return what a row says."""
    return WorkerState(
        row,
        words[PID],
        words[STARTED_AT] / 1e9,
        words[VERSION],
        words[TAKEN_AT] / 1e9,
        words[DELAY] / 1e9,
        words[STALE_SINCE] / 1e9,
        bool(words[NEEDS_RESTART]),
        words[FAILURES] - words[FAILURES_BEFORE],
        words[SLOW] - words[SLOW_BEFORE],
        words[RUNNING_SINCE] / 1e9,
        f"{words[SCHEMA]:016x}" if words[SCHEMA] else "",
        not words[IS_BLIND],
    )
