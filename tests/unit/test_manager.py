"""A worker's snapshot: fresh, monotonic, whole, and cheap."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import msgspec
import pytest

from liveconfig.errors import (
    CorruptRecordError,
    NoConfigYetError,
    NotBoundError,
    UnfitConfigError,
)
from liveconfig.memory.record import Record
from liveconfig.memory.shared import bind
from liveconfig.schema.schema import Schema
from liveconfig.worker import manager as manager_module
from liveconfig.worker.manager import ConfigManager
from liveconfig.worker.snapshot import Snapshot
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.world import SCHEMA, Greeting, World


class Other(msgspec.Struct, frozen=True):
    """A config of another type."""

    text: str = ""


@pytest.fixture
def world() -> Iterator[World]:
    """Empty shared memory, bound."""
    world = World()
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _first_try_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody mends a record here, so nobody waits for that."""
    monkeypatch.setattr(manager_module, "_FIRST_TRIES_MAX", 0)


@pytest.fixture
def greetings() -> ConfigManager[Greeting]:
    """A manager that has read nothing yet."""
    return ConfigManager(Greeting)


def test_get_returns_the_newest_config(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """Each get after a publication returns the new config, typed."""
    for message in ("one", "two", "three"):
        world.publish(message)
        assert greetings.get() == Greeting(message)


def test_get_returns_the_same_object_until_something_changes(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """A config is decoded once per version."""
    world.publish("one")
    assert greetings.get() is greetings.get()
    assert greetings.snapshot() is greetings.snapshot()
    assert greetings.snapshot().config is greetings.get()


def test_snapshot_names_version_and_digest(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """A snapshot holds config, version and digest of one publication."""
    world.publish("one")
    world.publish("two")
    digest = SCHEMA.pack(Greeting("two")).digest
    assert greetings.snapshot() == Snapshot(Greeting("two"), 2, digest)


def test_snapshot_after_get_is_as_new(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """get and snapshot take turns without either falling behind."""
    world.publish("one")
    greetings.get()
    world.publish("two")
    assert greetings.snapshot().config == Greeting("two")
    world.publish("three")
    assert greetings.snapshot().version == 3
    assert greetings.get() == Greeting("three")


def test_config_is_frozen(world: World, greetings: ConfigManager[Greeting]) -> None:
    """No request can change what the next one is served."""
    world.publish("one")
    with pytest.raises(AttributeError):
        greetings.get().message = "changed"  # type: ignore[misc]


def test_get_without_hooks_says_what_to_add(greetings: ConfigManager[Greeting]) -> None:
    """Without the gunicorn hooks the error names the line to add."""
    with pytest.raises(NotBoundError, match=r"from liveconfig\.gunicorn import \*"):
        greetings.get()
    with pytest.raises(NotBoundError, match="gunicorn config file"):
        greetings.snapshot()


def test_manager_made_before_the_memory_binds_at_first_get(world: World) -> None:
    """A manager made at import time, unbound, works once the memory is there."""
    bind(None)
    early = ConfigManager(Greeting)
    with pytest.raises(NotBoundError):
        early.get()
    bind(world.shared)
    world.publish("late")
    assert early.get() == Greeting("late")


def test_get_before_the_first_publication_is_an_error(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """With nothing published there is nothing to serve, and the next get may work."""
    with pytest.raises(NoConfigYetError, match="there is no config yet: conf: gone"):
        greetings.get()
    world.publish("now")
    assert greetings.get() == Greeting("now")


def test_get_does_not_wait_for_the_first_publication(
    world: World, greetings: ConfigManager[Greeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request gets its answer at once while the service waits for a good source."""
    monkeypatch.setattr(manager_module, "_FIRST_TRIES_MAX", 10**6)
    with pytest.raises(NoConfigYetError):
        greetings.snapshot()


def test_version_that_is_told_of_and_not_there_is_damage(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """An empty record whose publisher told of a version was overwritten."""
    world.publish_status(SCHEMA.name, version=1)
    with pytest.raises(CorruptRecordError, match="the record holds nothing"):
        greetings.get()


def test_other_type_than_published_is_refused(world: World) -> None:
    """A manager of a type that the publisher does not validate says what to set."""
    world.publish("one")
    with pytest.raises(NotBoundError, match=r"set LIVECONFIG_SCHEMA=.*:Other"):
        ConfigManager(Other).get()


def test_plain_mapping_is_refused_for_a_type(world: World) -> None:
    """A typed manager over an untyped publisher says what to set."""
    world.publish_status("")
    world.publish("one")
    with pytest.raises(NotBoundError, match="as a plain mapping"):
        ConfigManager(Greeting).get()


def test_damage_keeps_the_last_snapshot(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """A record that cannot be read leaves the last config in service, marked stale."""
    world.publish("good")
    greetings.get()
    world.publish("lost")
    world.damage()
    assert greetings.get() == Greeting("good")
    assert greetings.snapshot().version == 1
    assert greetings.stale_since is not None


def test_publication_right_after_damage_is_read_at_once(
    world: World, greetings: ConfigManager[Greeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the version that could not be read is left alone for a while."""
    monkeypatch.setattr(manager_module, "_RETRY_SECONDS", 600.0)
    world.publish("one")
    greetings.get()
    world.publish("two")
    world.damage()
    assert greetings.get() == Greeting("one")
    world.publish("three")
    assert greetings.get() == Greeting("three")
    assert greetings.stale_since is None


def test_undecodable_payload_keeps_the_last_snapshot(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """Whole bytes that are no config leave the last one in service."""
    world.publish("good")
    greetings.get()
    world.publish_bytes(b"no config at all, whatever the length of it may be")
    assert greetings.get() == Greeting("good")
    assert greetings.stale_since is not None


class Moody(msgspec.Struct, frozen=True):
    """A config whose class is of another mind in a worker."""

    message: str

    def __post_init__(self) -> None:
        assert self.message not in _refused_here, self.message


_refused_here: list[str] = []


def test_class_that_refuses_keeps_the_last_snapshot(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the class raises in a worker is logged once, by its type, not as damage."""
    schema = Schema(Moody)
    world.publish_status(schema.name)
    monkeypatch.setattr(sys.modules[__name__], "_refused_here", ["hunter2"])
    moody = ConfigManager(Moody)
    world.publish("good")
    assert moody.get().message == "good"
    world.publish("hunter2")
    for _ in range(3):
        assert moody.get().message == "good"
    assert moody.stale_since is not None
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        f"liveconfig: version 1 stays: {schema.name} does not take this config: the "
        "schema's own code raised AssertionError: mend this value, or the class"
    ]
    world.publish("better")
    assert moody.get().message == "better"
    assert moody.stale_since is None


def test_class_that_refuses_the_first_config_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing to fall back on it is raised at once: no repair is to be had."""
    world.publish_status(Schema(Moody).name)
    world.publish("hunter2")
    monkeypatch.setattr(manager_module, "_FIRST_TRIES_MAX", 30)
    monkeypatch.setattr(manager_module, "_RETRY_SECONDS", 60.0)
    monkeypatch.setattr(sys.modules[__name__], "_refused_here", ["hunter2"])
    with pytest.raises(UnfitConfigError, match="raised AssertionError"):
        ConfigManager(Moody).get()


def test_lack_of_memory_keeps_the_last_snapshot(
    world: World, greetings: ConfigManager[Greeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that there is no room for fails neither requests nor the follower."""
    world.publish("one")
    assert greetings.get().message == "one"
    world.publish("two")

    def no_room(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Record, "read", no_room)
        assert greetings.get().message == "one"
        manager_module.refresh_all()
    assert greetings.stale_since is not None
    eventually(lambda: greetings.get().message == "two")
    assert greetings.stale_since is None


def test_damage_before_the_first_snapshot_is_an_error(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """With nothing to fall back on, damage is raised and not hidden."""
    world.publish("lost")
    world.damage()
    with pytest.raises(CorruptRecordError):
        greetings.get()


def test_get_while_another_thread_decodes_does_not_wait(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """A reader that finds the slow path taken is served the snapshot at hand."""
    world.publish("one")
    greetings.get()
    world.publish("two")
    seen: list[object] = []

    def look() -> None:
        seen.extend([greetings.get(), greetings.snapshot().version])

    with greetings._lock:
        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(PATIENCE_SECONDS)
        assert seen == [Greeting("one"), 1]
    assert greetings.get() == Greeting("two")


def test_threads_never_see_an_older_version_after_a_newer(world: World) -> None:
    """In every thread versions only grow, through get and snapshot in any mix."""
    greetings: ConfigManager[Greeting] = ConfigManager(Greeting)
    world.publish("1")
    last = 2000
    fell: list[tuple[int, int]] = []

    def watch() -> None:
        newest = 0
        while newest < last:
            for seen in (int(greetings.get().message), greetings.snapshot().version):
                if seen < newest:
                    fell.append((newest, seen))
                newest = max(newest, seen)

    threads = [threading.Thread(target=watch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(2, last + 1):
        world.publish(str(number))
    for thread in threads:
        thread.join()
    assert fell == []


def test_other_threads_see_no_mixture_at_any_store(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """Wherever a pick-up is interrupted, another thread's versions only grow."""
    world.publish("1")
    greetings.get()
    world.publish("2")
    seen = [1]

    def look() -> None:
        for _ in range(2):
            seen.append(int(greetings.get().message))
            seen.append(greetings.snapshot().version)

    def at_each_line(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code is not ConfigManager._keep.__code__:
            return None
        if event == "line":
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        return at_each_line

    sys.settrace(at_each_line)
    greetings.get()
    sys.settrace(None)
    look()
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (1, 2)
    assert len(seen) > 20


def test_refresh_waits_for_a_decode_under_way(world: World) -> None:
    """Who may wait does, as what is being decoded may not be the newest any more."""
    world.publish("one")
    manager: ConfigManager[Greeting] = ConfigManager(Greeting)
    manager.get()
    world.publish("two")
    manager._lock.acquire()
    refreshing = threading.Thread(target=manager.refresh)
    refreshing.start()
    refreshing.join(0.05)
    assert refreshing.is_alive()
    manager._lock.release()
    refreshing.join(PATIENCE_SECONDS)
    assert manager._snapshot is not None
    assert manager._snapshot.version == 2


def test_managers_and_subscriptions_of_many_threads_are_all_kept() -> None:
    """Each thread adds its own while others do, and none is lost."""
    made: list[ConfigManager[Greeting]] = []
    shared_by_all: ConfigManager[Greeting] = ConfigManager(Greeting)

    def make() -> None:
        for _ in range(200):
            made.append(ConfigManager(Greeting))
            shared_by_all.subscribe(lambda *_: None)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert set(made) <= set(manager_module.managers())
    assert len(shared_by_all._subscriptions) == len(made)
    manager_module._kept_alive.discard(shared_by_all)
