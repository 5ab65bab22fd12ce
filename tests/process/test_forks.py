"""What forked processes have of the memory, its table, its broadcast and the cache."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from liveconfig.memory import kernel
from liveconfig.memory.worker_table import WorkerTable
from liveconfig.processes.broadcast import Broadcast
from liveconfig.publishing.cache import Cache
from liveconfig.worker.manager import ConfigManager
from tests.support.children import Child
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.world import BYTES_MAX, Greeting, World

_NOBODY = 65534


@pytest.fixture
def table() -> Iterator[WorkerTable]:
    """An empty table."""
    table = WorkerTable.create()
    yield table
    table.close()


@pytest.fixture
def broadcast() -> Iterator[Broadcast]:
    """A broadcast that was not sent yet."""
    broadcast = Broadcast.create()
    yield broadcast
    broadcast.close()


@pytest.fixture
def world() -> Iterator[World]:
    """Empty shared memory, bound."""
    world = World()
    yield world
    world.close()


@pytest.fixture
def greetings() -> ConfigManager[Greeting]:
    """A manager that has read nothing yet."""
    return ConfigManager(Greeting)


def test_child_of_a_busy_parent_refreshes(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """A process forked while another thread decoded is not stuck with its lock."""
    world.publish("one")
    greetings.get()
    with greetings._lock:
        child = Child(lambda: (world.publish("two"), greetings.get().message)[1])
        assert child.result() == "two"


def test_forked_process_sees_later_publications(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """A manager that was used before a fork goes on in the child, and in the parent."""
    world.publish("before")
    assert greetings.get() == Greeting("before")
    child = Child(
        lambda: eventually(
            lambda: greetings.get().message == "after" and greetings.get().message
        )
    )
    world.publish("after")
    assert child.result() == "after"
    assert greetings.get() == Greeting("after")


def test_listeners_in_other_processes_are_woken(broadcast: Broadcast) -> None:
    """Every child that listens wakes up, and one that was killed is no hindrance."""
    ready_reader, ready = os.pipe()

    def wait() -> bool:
        listener = broadcast.listen()
        os.write(ready, b"x")
        return listener.wait(PATIENCE_SECONDS)

    children = [Child(wait) for _ in range(4)]
    seen = b""
    while len(seen) < len(children):
        seen += os.read(ready_reader, 16)
    os.kill(children[0].pid, signal.SIGSTOP)
    broadcast.send()
    assert [child.result() for child in children[1:]] == [True] * 3
    children[0].kill()
    os.close(ready_reader)
    os.close(ready)


def test_dirty_workers_have_rows_that_their_own_parent_gives_out(
    table: WorkerTable,
) -> None:
    """Two parents give out rows at the same time, and neither takes the other's."""
    table.give_out("a worker")
    table.give_out("another")
    assert table.enter("a worker")

    def be_parent() -> tuple[bool, bool]:
        table.begin_dirty()
        table.assign(os.getpid())
        table.assign(1)
        entered = table.enter_assigned()
        assert table.own is not None
        table.own.took(5, time.time_ns())
        table.take_back_all_but({os.getpid()})
        return entered, table.own is not None

    assert Child(be_parent).result() == (True, True)
    rows = [(state.row, state.version) for state in table.rows()]
    assert rows == [(1, 0), (5001, 5)]
    table.give_out("a third")
    assert table.enter("a third")
    assert [state.row for state in table.rows()] == [1, 3, 5001]


def test_parent_of_dirty_workers_begins_without_those_of_the_one_before(
    table: WorkerTable,
) -> None:
    """What a parent that was killed had given out is free again for its successor."""

    def be_parent() -> int:
        table.begin_dirty()
        rows = len(table.rows())
        table.assign(1)
        return rows

    assert [Child(be_parent).result() for _ in range(2)] == [0, 0]
    assert [state.row for state in table.rows()] == [5001]


def test_other_processes_see_what_a_worker_writes(table: WorkerTable) -> None:
    """What a forked worker writes into its row is seen here, and after its death."""
    table.give_out("a")

    def work() -> int:
        assert table.enter("a")
        assert table.own is not None
        table.own.took(3, time.time_ns())
        return os.getpid()

    pid = Child(work).result()
    assert [(state.pid, state.version) for state in table.rows()] == [(pid, 3)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_user_may_use_what_root_has_made(tmp_path: Path) -> None:
    """Root can change anything in any case, so its files are as good as one's own."""
    cache = Cache(str(tmp_path), "config.yaml", "", BYTES_MAX)
    cache.store(b"kept")
    (tmp_path / "last-good").chmod(0o644)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)

    def load() -> str:
        os.setuid(_NOBODY)
        return repr(cache.load())

    assert Child(load).result() == repr((b"kept", []))


@pytest.mark.usefixtures("any_python")
def test_signals_go_to_the_process_behind_a_pidfd() -> None:
    """A process that is there gets them; one that has ended is told of."""
    pid = Child(signal.pause).pid
    pidfd = kernel.pidfd_open(pid)
    try:
        assert not os.get_inheritable(pidfd)
        kernel.pidfd_send_signal(pidfd, signal.SIGKILL)
        end = os.waitid(kernel.P_PIDFD, pidfd, os.WEXITED)
        assert end is not None
        assert end.si_pid == pid
        with pytest.raises(ProcessLookupError):
            kernel.pidfd_send_signal(pidfd, signal.SIGKILL)
    finally:
        os.close(pidfd)
