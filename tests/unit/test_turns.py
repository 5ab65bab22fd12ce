"""Whose turn it is to decode a large config; a small one waits for nobody."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from liveconfig.memory.worker_row import WorkerState
from liveconfig.worker import turns
from liveconfig.worker.manager import ConfigManager
from tests.support.eventually import PATIENCE_SECONDS
from tests.support.world import Greeting, World

_LARGE = "x" * 400


def _row(pid: int, version: int) -> WorkerState:
    """Return what a worker that holds `version` says of itself."""
    values = dict.fromkeys(WorkerState._fields, 0)
    return WorkerState(**{**values, "row": 1, "pid": pid, "version": version})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Shared memory with a version; what is large is no larger than that."""
    monkeypatch.setattr(turns, "LARGE_BYTES", 300)
    monkeypatch.setattr(turns, "_AT_ONCE", 1)
    monkeypatch.setattr(turns, "_is_followed", True)
    monkeypatch.setattr(turns, "_left", (0, 0.0))
    world = World()
    world.publish("one")
    yield world
    world.close()


@pytest.fixture
def rows(world: World, monkeypatch: pytest.MonkeyPatch) -> list[WorkerState]:
    """The table: another worker, then this one, both with version 1."""
    rows = [_row(1, 1), _row(os.getpid(), 1)]
    monkeypatch.setattr(world.shared.workers, "rows", lambda: rows)
    return rows


def _wait(world: World) -> None:
    waiting = threading.Thread(target=turns.wait, args=(world.shared,), daemon=True)
    waiting.start()
    waiting.join(PATIENCE_SECONDS)
    assert not waiting.is_alive()


def test_large_config_is_taken_after_the_worker_before(
    world: World, rows: list[WorkerState], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn comes when those before have taken it."""
    monkeypatch.setattr(turns, "_WAIT_SECONDS_MAX", 600.0)
    world.publish(_LARGE)
    waiting = threading.Thread(target=turns.wait, args=(world.shared,))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    rows[0] = _row(1, 2)
    waiting.join(60.0)
    assert not waiting.is_alive()


@pytest.mark.parametrize(
    ("message", "own_first"), [("small", False), (_LARGE, True)], ids=["small", "first"]
)
def test_nobody_else_waits(
    world: World,
    rows: list[WorkerState],
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    own_first: bool,
) -> None:
    """A small config is taken at once, and so is a large one by the first worker."""
    monkeypatch.setattr(turns, "_WAIT_SECONDS_MAX", 600.0)
    world.publish(message)
    if own_first:
        rows.reverse()
    _wait(world)


def test_worker_that_stands_is_not_waited_for_long(
    world: World, rows: list[WorkerState], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the one before takes, the turn comes."""
    monkeypatch.setattr(turns, "_WAIT_SECONDS_MAX", 0.05)
    world.publish(_LARGE)
    began = time.monotonic()
    _wait(world)
    assert time.monotonic() - began >= 0.05
    assert rows[0].version == 1


def test_request_leaves_a_large_config_to_the_follower_for_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is served what there is; who asks for the version, or later, decodes it."""
    manager: ConfigManager[Greeting] = ConfigManager(Greeting)
    manager.get()
    world.publish(_LARGE)
    assert manager.get().message == "one"
    assert manager.snapshot_at_least(2, timeout_seconds=0.0).version == 2
    world.publish(_LARGE + "y")
    monkeypatch.setattr(turns, "_left", (3, time.monotonic()))
    assert manager.get().message == _LARGE + "y"


@pytest.mark.parametrize("is_followed", [True, False])
def test_request_decodes_what_is_small_or_followed_by_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, is_followed: bool
) -> None:
    """Only where a thread takes it, and only what takes long, is left to it."""
    monkeypatch.setattr(turns, "_is_followed", is_followed)
    manager: ConfigManager[Greeting] = ConfigManager(Greeting)
    manager.get()
    message = "small" if is_followed else _LARGE
    world.publish(message)
    assert manager.get().message == message
