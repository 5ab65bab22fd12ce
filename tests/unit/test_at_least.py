"""A snapshot that is no older than what a client has seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import falcon
import falcon.testing
import pytest

from liveconfig.errors import NotBoundError, VersionNotReachedError
from liveconfig.reference.app import create_public_app
from liveconfig.reference.config import ServiceConfig
from liveconfig.worker.manager import ConfigManager
from tests.support.eventually import PATIENCE_SECONDS
from tests.support.world import Greeting, World


@pytest.fixture
def world() -> Iterator[World]:
    """Shared memory with two versions."""
    world = World()
    world.publish("one")
    yield world
    world.close()


@pytest.fixture
def manager(world: World) -> ConfigManager[Greeting]:
    """A manager that holds version 1 while there is version 2."""
    manager = ConfigManager(Greeting)
    manager.get()
    world.publish("two")
    return manager


def test_newest_is_returned_though_less_is_asked_for(
    manager: ConfigManager[Greeting],
) -> None:
    """It is `snapshot`, for whoever has seen no more than there is."""
    for version in (0, 1, 2):
        assert manager.snapshot_at_least(version).version == 2


def test_version_of_another_pod_is_not_waited_for(
    manager: ConfigManager[Greeting],
) -> None:
    """What was never published here answers no request later."""
    assert (
        manager.snapshot_at_least(10**17, timeout_seconds=PATIENCE_SECONDS).version == 2
    )


def test_version_that_another_thread_decodes_is_waited_for(
    manager: ConfigManager[Greeting],
) -> None:
    """Who asks for it gets it as soon as it is there; `get` goes on with the old."""
    seen: list[int] = []
    asking = threading.Thread(
        target=lambda: seen.append(
            manager.snapshot_at_least(2, PATIENCE_SECONDS).version
        )
    )
    with manager._lock:
        asking.start()
        asking.join(0.05)
        assert (seen, manager.get().message) == ([], "one")
    asking.join(PATIENCE_SECONDS)
    assert seen == [2]


def test_wait_has_an_end(manager: ConfigManager[Greeting]) -> None:
    """When the time is over an error names both versions, and the old one is there."""
    with manager._lock:
        began = time.monotonic()
        with pytest.raises(
            VersionNotReachedError, match="still holds version 1, not 2"
        ):
            manager.snapshot_at_least(2, timeout_seconds=0.05)
        assert time.monotonic() - began >= 0.05
        assert manager.snapshot().version == 1


def test_wait_for_a_damaged_version_has_an_end(
    world: World, manager: ConfigManager[Greeting]
) -> None:
    """A version that nobody can read is not waited for without an end."""
    world.damage()
    with pytest.raises(VersionNotReachedError):
        manager.snapshot_at_least(2, timeout_seconds=0.05)
    assert manager.get() == Greeting("one")


def test_without_hooks_is_an_error() -> None:
    """It says what to add, as `get` does."""
    with pytest.raises(NotBoundError):
        ConfigManager(Greeting).snapshot_at_least(1)


@pytest.mark.parametrize(
    "seen", ["2", "1", "0", "99999999999999999999", "two", "\u0662", ""]
)
def test_header_of_a_request_changes_nothing_that_is_newest(
    world: World, seen: str
) -> None:
    """Whatever a client brings along, it is answered with the newest there is."""
    world.publish_status("liveconfig.reference.config:ServiceConfig")
    world.publish("two")
    client = falcon.testing.TestClient(create_public_app(ConfigManager(ServiceConfig)))
    headers = {"Config-Version": seen} if seen.isascii() else None
    result = client.simulate_get("/", headers=headers)
    assert (result.text, result.headers["config-version"]) == ("two", "2")
