"""Nothing torn, nothing lost, no version falls: at full speed, on every core."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from tests.stress.conftest import Run
from tests.support.eventually import eventually
from tests.support.storm import Counts, FullReads, Gets, Readers, Storm

pytestmark = pytest.mark.stress

_BYTES_MAX = 4 * 2**20
_CORES = len(os.sched_getaffinity(0))
_THREADS = 2

_GETS = 100_000_000
_FULL_READS = 1_000_000
_KILLS = 1000
_LIFE_SECONDS_MAX = 0.02

_FULL_READS_SHARE = 0.25
_GETS_SHARE = 0.25
_KILLS_SHARE = 0.16

Kind = Callable[[int, int], Readers]


def _storm_for(
    run: Run,
    share: float,
    kind: Readers,
    *,
    rests: bool,
    is_due: Callable[[Counts], bool],
) -> Counts:
    with Storm(kind, processes=_CORES, threads=_THREADS) as storm:
        writer = storm.start_writer(rests=rests)
        for left in run.until(share, storm.counts, lambda: is_due(storm.counts())):
            if writer.ends_within(min(left, 1.0)):
                break
        counts = storm.finish()
    run.counts.append(counts)
    print(f"\n  {counts}", flush=True)
    return counts


def test_full_reads_at_full_speed_are_whole(run: Run) -> None:
    """A million copies, taken from a writer that never rests, are whole."""
    kind = FullReads(run.seed, _BYTES_MAX)
    due = run.least(_FULL_READS)
    counts = _storm_for(
        run, _FULL_READS_SHARE, kind, rests=False, is_due=lambda c: c.checked < due
    )
    assert counts.checked >= due


def test_gets_are_whole_and_never_fall(run: Run) -> None:
    """A hundred million gets, amid bursts and between them, are right."""
    kind = Gets(run.seed, _BYTES_MAX)
    due = run.least(_GETS)
    counts = _storm_for(
        run, _GETS_SHARE, kind, rests=True, is_due=lambda c: c.calls < due
    )
    assert counts.calls >= due


class Killing:
    """Writers that are started and killed, one after the other."""

    def __init__(self, storm: Storm, kind: Readers, seed: int) -> None:
        self.killed = self.within = 0
        self._storm = storm
        self._kind = kind
        self._chance = random.Random(seed)

    def kill_the_next(self) -> bool:
        """Start a writer and kill it at some moment; return False if it was over."""
        writer = self._storm.start_writer()
        if writer.ends_within(self._chance.uniform(0.0, _LIFE_SECONDS_MAX)):
            return False
        writer.kill()
        board, record = self._storm.board, self._storm.record
        self.killed += 1
        self.within += board.begun > board.done
        assert board.done <= record.version <= board.begun, "lost"
        newest = record.read()
        if newest is not None:
            writer_number = board.writer_of(newest.version)
            assert newest.payload == self._kind.payload(newest.version, writer_number)
        return True

    def __str__(self) -> str:
        return f"{self.killed:,} killed, {self.within:,} within a publication"


@pytest.mark.parametrize("kind", [FullReads, Gets])
def test_writers_killed_and_succeeded_lose_nothing(run: Run, kind: Kind) -> None:
    """A thousand writers are killed at any moment, and what they published is there."""
    readers = kind(run.seed, _BYTES_MAX)
    with Storm(readers, processes=_CORES, threads=_THREADS) as storm:
        killing = Killing(storm, readers, run.seed)
        for _ in run.until(
            _KILLS_SHARE,
            lambda: f"{killing}; {storm.counts()}",
            lambda: killing.killed < run.least(_KILLS),
        ):
            if not killing.kill_the_next():
                break
        version = storm.record.version
        storm.start_writer()
        eventually(lambda: storm.board.is_over or storm.record.version > version)
        counts = storm.finish()
    run.counts.append(counts)
    run.kills += killing.killed
    print(f"\n  {killing}; {counts}", flush=True)
    assert killing.killed >= run.least(_KILLS)
    assert killing.within >= killing.killed / 10, "hardly one within a publication"
