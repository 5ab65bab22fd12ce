"""A config on trial in one of several real workers, which are notified."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from liveconfig.worker import manager as manager_module
from liveconfig.worker.manager import ConfigManager
from tests.support.children import Child
from tests.support.eventually import eventually
from tests.support.world import Greeting, World


def _hold(manager: ConfigManager[Greeting]) -> Any:
    manager.get()
    signal.pause()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world in which version 1 is live, and that no other test has managers in."""
    monkeypatch.setattr(manager_module, "_references", [])
    world = World()
    world.publish("one")
    yield world
    world.close()


@pytest.fixture
def workers(world: World) -> Iterator[list[Child]]:
    """Three workers that hold version 1 and serve nobody."""
    children = [world.worker(_hold) for _ in range(3)]
    eventually(lambda: world.versions() == [1, 1, 1])
    yield children
    for child in children:
        child.kill()


def test_one_worker_takes_the_candidate_and_all_what_follows(
    world: World, workers: list[Child]
) -> None:
    """The others sleep on, though they are notified; taken back, nobody has it."""
    assert world.offer("two", workers[1].pid) == 2
    eventually(lambda: world.versions() == [1, 2, 1])
    assert world.publish("one", above=2) == 4
    world.end_offer()
    eventually(lambda: world.versions() == [4, 4, 4])


def test_accepted_candidate_goes_to_all_under_its_number(
    world: World, workers: list[Child]
) -> None:
    """The worker that has it stays where it is, and follows from then on as all do."""
    assert world.offer("two", workers[0].pid) == 2
    eventually(lambda: world.versions() == [2, 1, 1])
    assert world.publish("two", above=1) == 2
    world.end_offer()
    eventually(lambda: world.versions() == [2, 2, 2])
    world.publish("three")
    eventually(lambda: world.versions() == [3, 3, 3])
