"""A process that follows the publications without being asked for anything."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from liveconfig.schema.schema import NEEDS_RESTART, Schema
from liveconfig.worker import follower
from liveconfig.worker import manager as manager_module
from liveconfig.worker.manager import ConfigManager
from liveconfig.worker.snapshot import Snapshot
from tests.support.children import Child, stop
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.world import Greeting, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world in which version 1 is live, and that no other test has managers in."""
    monkeypatch.setattr(manager_module, "_references", [])
    monkeypatch.setattr(manager_module, "_kept_alive", set())
    world = World()
    world.publish("one")
    yield world
    world.close()


@contextlib.contextmanager
def _workers(
    world: World,
    count: int,
    work: Callable[[ConfigManager[Any]], Any],
    type_: type[Any] = Greeting,
) -> Iterator[list[Child]]:
    version = world.shared.config.version
    before = world.versions()
    children = [world.worker(work, type_) for _ in range(count)]
    try:
        eventually(lambda: world.versions() == [*before, *([version] * count)])
        yield children
    finally:
        for child in children:
            if not child.is_reaped:
                child.kill()


def _idle(_: ConfigManager[Greeting]) -> None:
    signal.pause()


def test_idle_processes_take_what_is_published(world: World) -> None:
    """Nobody asks them for anything, and all of them hold the new version."""
    with _workers(world, 8, _idle):
        for message in ("two", "three"):
            version = world.publish(message)
            eventually(lambda v=version: world.versions() == [v] * 8)
    totals = world.shared.workers.totals()
    assert sum(totals.propagation_buckets) == 16


def test_stopped_process_does_not_hold_up_the_others(world: World) -> None:
    """One that stands still is behind, alone, and catches up when it goes on."""
    with _workers(world, 3, _idle) as (first, *_):
        stop(first.pid)
        world.publish("two")
        eventually(lambda: sorted(world.versions()) == [1, 2, 2])
        os.kill(first.pid, signal.SIGCONT)
        eventually(lambda: world.versions() == [2, 2, 2])


def test_read_after_a_publication_decodes_nothing(world: World) -> None:
    """When the table says that a version is taken, `get` finds it decoded."""

    def work(manager: ConfigManager[Greeting]) -> Any:
        eventually(lambda: world.versions() == [2])
        schema, manager._schema = manager._schema, None
        assert schema is not None
        return manager.get()

    child = world.worker(work)
    eventually(lambda: world.versions() == [1])
    world.publish("two")
    assert child.result() == Greeting("two")


def test_process_that_cannot_wait_refreshes_on_read(world: World) -> None:
    """Without a descriptor to wait with, a read takes the new version as ever."""

    def run() -> str:
        manager = ConfigManager(Greeting)
        manager.get()
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, limit))
        with pytest.raises(OSError, match="Too many open files"):
            follower.start(world.shared)
        world.publish("two")
        return manager.get().message

    assert Child(run).result() == "two"


def test_manager_made_later_is_followed_as_well(world: World) -> None:
    """The thread looks after every manager that there is when news comes."""

    def work(_: ConfigManager[Greeting]) -> Any:
        late: ConfigManager[Greeting] = ConfigManager(Greeting)
        assert late.get() == Greeting("one")
        world.publish("two")
        eventually(lambda: late._snapshot.version == 2)  # type: ignore[union-attr]
        return True

    assert world.worker(work).result()


class Told:
    """A callback that keeps what it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[int | None, int, tuple[str, ...]]] = []

    def __call__(
        self,
        old: Snapshot[Greeting] | None,
        new: Snapshot[Greeting],
        changed: tuple[str, ...],
    ) -> None:
        """Keep it."""
        self.calls.append((old.version if old else None, new.version, changed))


def test_callback_is_told_each_version_once(world: World) -> None:
    """First the version of the start, then each newer one with what changed."""

    def work(manager: ConfigManager[Greeting]) -> Any:
        # So that what it begins with is held already.
        assert manager.get() == Greeting("one")
        told = Told()
        manager.subscribe(told)
        eventually(lambda: len(told.calls) == 1)
        world.publish("two")
        eventually(lambda: len(told.calls) == 2)
        world.publish("two", 5)
        eventually(lambda: len(told.calls) == 3)
        world.shared.published.send()
        manager.get()
        return told.calls

    assert world.worker(work).result() == [
        (None, 1, ()),
        (1, 2, ("message",)),
        (2, 3, ("count",)),
    ]


def test_callback_of_before_the_fork_is_told_in_the_child(world: World) -> None:
    """With an application that is loaded in the master, every worker is told."""
    manager: ConfigManager[Greeting] = ConfigManager(Greeting)
    told = Told()
    manager.subscribe(told)
    manager.get()

    def work(_: ConfigManager[Greeting]) -> Any:
        eventually(lambda: told.calls)
        return told.calls

    assert world.worker(work).result() == [(None, 1, ())]
    assert told.calls == []


def test_callback_that_raises_is_counted_and_told_the_next(world: World) -> None:
    """What it raises, even no Exception, ends neither the thread nor the news."""

    def work(manager: ConfigManager[Greeting]) -> Any:
        seen: list[int] = []
        errors = (ValueError, SystemExit, asyncio.CancelledError)

        def fail(
            old: Snapshot[Greeting] | None,
            new: Snapshot[Greeting],
            changed: tuple[str, ...],
        ) -> None:
            seen.append(new.version)
            raise errors[new.version - 1]("no")

        manager.subscribe(fail)
        rows = world.shared.workers.rows
        for version in (1, 2, 3):
            eventually(lambda v=version: seen[-1:] == [v])
            eventually(lambda v=version: rows()[0].callback_failures == v)
            world.publish(f"after {version}")
        return manager.get().message

    assert world.worker(work).result() == "after 3"


def test_callback_that_hangs_harms_nothing_else(world: World) -> None:
    """Requests, later versions and other callbacks go on; it is told and counted."""

    def work(manager: ConfigManager[Greeting]) -> Any:
        has_begun, is_free = threading.Event(), threading.Event()
        told, late = Told(), Told()

        def hang(
            old: Snapshot[Greeting] | None,
            new: Snapshot[Greeting],
            changed: tuple[str, ...],
        ) -> None:
            has_begun.set()
            is_free.wait(PATIENCE_SECONDS)
            late(old, new, changed)

        manager.subscribe(hang)
        manager.subscribe(told)
        eventually(lambda: has_begun.is_set() and told.calls)
        for message in ("two", "three"):
            world.publish(message)
            eventually(lambda m=message: manager.get().message == m)
        eventually(lambda: told.calls[-1][1] == 3)
        (row,) = eventually(
            lambda: (rows := world.shared.workers.rows())[0].callback_slow and rows
        )
        is_shown = row.callback_running_since > 0
        is_free.set()
        eventually(lambda: len(late.calls) == 2)
        return is_shown, late.calls

    is_shown, calls = world.worker(work).result()
    assert is_shown
    # Told the newest when it was ready, and what changed since what it was told last.
    assert calls == [(None, 1, ()), (1, 3, ("message",))]


class Pool(msgspec.Struct, frozen=True):
    """A config with a key that a running process cannot apply."""

    size: Annotated[int, NEEDS_RESTART]
    note: str = ""


def test_process_that_started_before_a_change_needs_a_restart(world: World) -> None:
    """It does while a marked key is not as at its start; who starts later does not."""

    def publish(size: int, note: str) -> None:
        payload = Schema(Pool).pack(Pool(size, note)).payload
        world.publish_bytes(payload)

    world.publish_status(Schema(Pool).name)
    publish(1, "start")
    with (
        _workers(world, 1, _idle, Pool),
        contextlib.ExitStack() as later,
    ):
        needs = world.shared.workers.rows
        for size, note, is_needed in (
            (1, "other", False),
            (2, "other", True),
            (2, "more", True),
            (1, "back", False),
            (3, "again", True),
        ):
            publish(size, note)
            version = world.shared.config.version
            eventually(lambda v=version: world.versions() == [v])
            assert [row.needs_restart for row in needs()] == [is_needed]
        later.enter_context(_workers(world, 1, _idle, Pool))
        assert [row.needs_restart for row in needs()] == [True, False]


def test_cancelled_callback_is_told_nothing_more(world: World) -> None:
    """After `cancel` no version is told, while other callbacks are."""

    def work(manager: ConfigManager[Greeting]) -> Any:
        cancelled, other = Told(), Told()
        subscription = manager.subscribe(cancelled)
        manager.subscribe(other)
        eventually(lambda: cancelled.calls and other.calls)
        subscription.cancel()
        world.publish("two")
        eventually(lambda: len(other.calls) == 2)
        return len(cancelled.calls)

    assert world.worker(work).result() == 1


def test_callback_cancelled_while_busy_leaves_nothing(world: World) -> None:
    """With a version waiting for it, it keeps neither its thread nor the follower."""

    def work(manager: ConfigManager[Greeting]) -> Any:
        told, is_free, before = [], threading.Event(), threading.active_count()

        def hang(*_: Any) -> None:
            told.append(1)
            is_free.wait()

        subscription = manager.subscribe(hang)
        eventually(lambda: told)
        version = world.publish("two")
        eventually(lambda: world.versions() == [version])
        subscription.cancel()
        subscription.cancel()
        is_free.set()
        eventually(lambda: threading.active_count() == before)
        return manager_module.log_slow_callbacks(), manager._subscriptions, told

    assert world.worker(work).result() == (False, [], [1])


def test_config_read_before_the_fork_is_in_the_table(world: World) -> None:
    """A worker of a master that has read the config shows which version it holds."""
    manager: ConfigManager[Greeting] = ConfigManager(Greeting)
    assert manager.get().message == "one"
    world.shared.workers.give_out("key")

    def run() -> None:
        assert world.shared.workers.enter("key")
        follower.start(world.shared)
        _idle(manager)

    child = Child(run)
    try:
        eventually(lambda: world.versions() == [1])
    finally:
        child.kill()


def test_child_of_a_worker_writes_into_no_row(world: World, tmp_path: Path) -> None:
    """What a process that the application forks holds, is not what its worker does."""
    has_looked = tmp_path / "has looked"

    def work(manager: ConfigManager[Greeting]) -> Any:
        eventually(lambda: world.versions() == [1])
        stopped = os.getpid()

        def child() -> Any:
            stop(stopped)
            world.publish("two")
            found = manager.get().message, world.versions()
            has_looked.touch()
            return found

        forked = Child(child)
        return forked.result()

    worker = world.worker(work)
    try:
        eventually(has_looked.exists)
        assert world.versions() == [1]
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    assert worker.result() == ("two", [1])


def test_callback_subscribed_late_is_told_what_is_live(world: World) -> None:
    """A subscription while serving is told the version that is held already."""

    def work(manager: ConfigManager[Greeting]) -> Any:
        manager.get()
        told = Told()
        manager.subscribe(told)
        eventually(lambda: told.calls)
        return told.calls

    assert world.worker(work).result() == [(None, 1, ())]


def test_callbacks_begin_anew_in_a_child_that_follows(world: World) -> None:
    """A process that a worker forks is told from the first, if it follows itself."""

    def work(manager: ConfigManager[Greeting]) -> Any:
        told = Told()
        manager.subscribe(told)
        eventually(lambda: told.calls)

        def child() -> Any:
            told.calls.clear()
            follower.start(world.shared)
            world.publish("two")
            eventually(lambda: told.calls and told.calls[-1][1] == 2)
            return told.calls[0][0]

        return Child(child).result()

    assert world.worker(work).result() is None
