"""The table of workers: rows, who writes them, what outlives a worker."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from liveconfig.memory import worker_table
from liveconfig.memory.worker_row import PROPAGATION_SECONDS, WorkerRow
from liveconfig.memory.worker_table import WorkerTable


@pytest.fixture
def table() -> Iterator[WorkerTable]:
    """An empty table."""
    table = WorkerTable.create()
    yield table
    table.close()


def _enter(table: WorkerTable, key: object) -> WorkerRow:
    table.give_out(key)
    assert table.enter(key)
    assert table.own is not None
    return table.own


def test_worker_is_shown_with_what_it_holds(table: WorkerTable) -> None:
    """A worker that took a version is in the table, with its process and the times."""
    before = time.time()
    _enter(table, "a").took(7, published_at_ns=time.time_ns())
    (state,) = table.rows()
    assert (state.row, state.pid, state.version) == (1, os.getpid(), 7)
    assert before <= state.started_at <= state.taken_at <= time.time()
    assert (state.stale_since, state.callback_running_since) == (0.0, 0.0)
    assert not state.needs_restart


def test_row_is_not_shown_before_its_worker_enters(table: WorkerTable) -> None:
    """A row that is set aside for a worker that is not forked yet shows nothing."""
    table.give_out("a")
    assert table.rows() == ()


def test_worker_without_a_row_is_told(table: WorkerTable) -> None:
    """A worker for which nothing was set aside has no row, and no harm is done."""
    assert not table.enter("nobody")
    assert table.own is None
    table.take_back_all_but({"nobody"})


def test_table_that_is_full_leaves_workers_without_a_row(
    table: WorkerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More workers than rows: the last ones have none, the others are not touched."""
    monkeypatch.setattr(worker_table, "_ROWS", 2)
    for key in range(3):
        table.give_out(key)
    assert [table.enter(key) for key in range(3)] == [True, True, False]


def test_dirty_worker_that_gets_no_row_does_not_wait_for_ever(
    table: WorkerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while it goes on without one, and works as any other."""
    monkeypatch.setattr(worker_table, "_ASSIGNED_SECONDS", 0.05)
    table.begin_dirty()
    assert not table.enter_assigned()
    assert table.own is None


def test_row_of_a_worker_that_has_ended_is_cleared(table: WorkerTable) -> None:
    """What one worker wrote is not shown for the next one of the row."""
    row = _enter(table, "a")
    row.took(3, time.time_ns())
    row.took(4, time.time_ns())
    row.note_stale_since(time.time())
    row.note_restart(is_needed=True)
    row.callback_begins()
    row.note_schema("00ff00000000000a")
    row.note_blind()
    assert table.rows()[0].schema_digest == "00ff00000000000a"
    table.take_back_all_but(())
    assert table.rows() == ()
    _enter(table, "b")
    (state,) = table.rows()
    assert state[3:] == (0, 0.0, 0.0, 0.0, False, 0, 0, 0.0, "", True)


def test_row_shows_no_older_version_after_a_newer(table: WorkerTable) -> None:
    """Two threads may say in the other order what they have taken."""
    row = _enter(table, "a")
    row.took(4, time.time_ns())
    row.took(3, time.time_ns())
    assert table.rows()[0].version == 4


def test_lowest_free_row_is_given_out(table: WorkerTable) -> None:
    """Rows are used again: there are as many as there were workers at once."""
    for key in "abc":
        _enter(table, key)
    table.take_back_all_but("ac")
    _enter(table, "d")
    assert [state.row for state in table.rows()] == [1, 2, 3]


def test_counts_outlive_their_worker(table: WorkerTable) -> None:
    """Totals never fall, while a new worker of the row begins at none."""
    row = _enter(table, "a")
    row.callback_ends(row.callback_begins(), is_failure=True)
    row.count_slow_callback()
    table.take_back_all_but(())
    row = _enter(table, "b")
    (state,) = table.rows()
    assert (state.callback_failures, state.callback_slow) == (0, 0)
    row.callback_ends(row.callback_begins(), is_failure=True)
    (state,) = table.rows()
    assert (state.callback_failures, state.callback_slow) == (1, 0)
    assert table.totals()[:2] == (2, 1)


def test_propagation_falls_into_its_bucket(table: WorkerTable) -> None:
    """What a worker starts with is no propagation; every later pick-up is."""
    row = _enter(table, "a")
    hour_ns = 3600 * 10**9
    row.took(1, time.time_ns() - hour_ns)
    assert sum(table.totals().propagation_buckets) == 0
    assert table.rows()[0].delay_seconds == 0.0
    row.took(2, time.time_ns() - hour_ns)
    assert table.rows()[0].delay_seconds == pytest.approx(3600, abs=60)
    row.took(3, time.time_ns() + hour_ns)
    row.took(3, time.time_ns() - hour_ns)
    totals = table.totals()
    assert len(totals.propagation_buckets) == len(PROPAGATION_SECONDS) + 1
    assert totals.propagation_buckets[0] == totals.propagation_buckets[-1] == 1
    assert sum(totals.propagation_buckets) == 2
    assert totals.propagation_seconds == pytest.approx(3600, abs=60)


def test_oldest_callback_that_runs_is_shown(table: WorkerTable) -> None:
    """While several callbacks run, the row shows since when the first of them does."""
    row = _enter(table, "a")
    first, second = row.callback_begins(), row.callback_begins()
    assert table.rows()[0].callback_running_since == first / 1e9
    row.callback_ends(first, is_failure=False)
    assert table.rows()[0].callback_running_since == second / 1e9
    row.callback_ends(second, is_failure=False)
    assert table.rows()[0].callback_running_since == 0.0


def test_fingerprint_changes_with_every_word(table: WorkerTable) -> None:
    """Whatever a worker writes, and its coming and going, changes the fingerprint."""
    seen = {table.fingerprint()}

    def is_new() -> bool:
        fingerprint = table.fingerprint()
        return fingerprint not in seen and not seen.add(fingerprint)

    row = _enter(table, "a")
    assert is_new()
    row.took(1, time.time_ns())
    assert is_new()
    row.note_stale_since(1.0)
    assert is_new()
    row.note_restart(is_needed=True)
    assert is_new()
    began = row.callback_begins()
    assert is_new()
    row.callback_ends(began, is_failure=True)
    assert is_new()
    assert not is_new()
    table.take_back_all_but(())
    assert is_new()


def test_first_config_that_was_waited_for_has_a_delay(table: WorkerTable) -> None:
    """A worker that looked for it in vain before was waiting for its publication."""
    row = _enter(table, "a")
    row.took(1, time.time_ns(), is_awaited=True)
    assert table.rows()[0].delay_seconds > 0
    assert sum(table.totals().propagation_buckets) == 1
