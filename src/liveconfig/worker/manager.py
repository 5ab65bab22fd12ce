"""
A worker's snapshot of the config.

Owns: `ConfigManager`, the list of those that there are in this process.
Must not know: YAML, files, who publishes, HTTP.
Runs in: every worker.

Why `get` compares one word: the version in shared memory is all that has to be looked
at to know that the snapshot is still the newest. Why the slow path tries its lock and
never waits for it: the thread that has it is decoding the very same publication, and
everyone else is served the snapshot before it meanwhile. Nobody waits for anything
else while holding it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import weakref
from typing import Any, Generic, TypeVar

from liveconfig.errors import (
    CorruptRecordError,
    LiveconfigError,
    NoConfigYetError,
    NotBoundError,
    UnfitConfigError,
    VersionNotReachedError,
)
from liveconfig.memory.record import Publication
from liveconfig.memory.shared import SharedMemory, bound
from liveconfig.schema.schema import Schema, changed_key_paths
from liveconfig.settings import Settings
from liveconfig.worker import turns
from liveconfig.worker.snapshot import Snapshot
from liveconfig.worker.subscription import Callback, Subscription, Taken

log = logging.getLogger("gunicorn.error")

T = TypeVar("T")

# How long a version that could not be read is left alone: every look at it costs a
# request some microseconds, and damage does not mend itself.
_RETRY_SECONDS = 0.1

_LOOK_SECONDS = 0.002  # How often one looks that waits for another thread.
# How often a process that has no config yet tries: the master has a record that was
# overwritten made whole again within a second or two.
_FIRST_TRIES_MAX = 30

# A version that no record has, so that the first `get` takes the slow path.
_NO_VERSION = -1
_NO_HEAD = memoryview(bytes(8)).cast("Q")


def refresh_all() -> None:
    """Have every manager of this process hold the newest version; never raise."""
    for manager in _managers():
        with contextlib.suppress(LiveconfigError, MemoryError):
            manager.refresh()


def start_callbacks() -> None:
    """
    Tell the callbacks of this process from now on, those that come later included.

    Raises RuntimeError where no thread is to be had: who has none is not told.
    """
    global _are_callbacks_told
    _are_callbacks_told = True
    for subscription in _subscriptions():
        subscription.start()


def enter_row() -> None:
    """Have what is held already be noted in the row that this process has got."""
    for manager in _managers():
        manager._is_inherited = manager._snapshot is not None


def has_busy_callbacks() -> bool:
    """Tell whether a callback runs that is not known to be slow; tell slow ones."""
    # Not up to the first only: asking is also what tells of a slow one.
    return sum(each.is_busy() for each in _subscriptions()) > 0


class ConfigManager(Generic[T]):
    """
    Hand out the newest config, for the price of comparing one number.

    Make one for the process, at import time if you like: it looks for the shared
    memory at the first `get`, so it works with `--preload` and survives forks.
    Call `get` or `snapshot` once per unit of work and keep the result for that unit;
    two calls may answer with two versions.
    """

    __slots__ = (
        "__weakref__",
        "_config",
        "_first_payload",
        "_head",
        "_is_awaiting",
        "_is_inherited",
        "_lock",
        "_needs_restart",
        "_retry_at",
        "_schema",
        "_snapshot",
        "_stale_since",
        "_subscriptions",
        "_type",
        "_unreadable_head",
        "_version",
    )

    # Only there with a version, which is looked at before it.
    _config: T

    def __init__(self, type_: type[T] | None = None) -> None:
        """
        Prepare a manager of configs of one type; nothing is read yet.

        Args:
            type_: the class that LIVECONFIG_SCHEMA names, for the sake of type
                checkers; None takes whatever LIVECONFIG_SCHEMA names.
        """
        self._type = type_
        self._schema: Schema[T] | None = None
        self._head = _NO_HEAD
        self._version = _NO_VERSION
        self._snapshot: Snapshot[T] | None = None
        self._first_payload: bytes | None = None
        self._is_inherited = False
        self._is_awaiting = False
        self._needs_restart = False
        self._stale_since: float | None = None
        self._unreadable_head = _NO_VERSION
        self._retry_at = 0.0
        self._subscriptions: list[Subscription[T]] = []
        self._lock = threading.Lock()
        _references.append(weakref.ref(self, _references.remove))

    def get(self) -> T:
        """
        Return the newest config: no lock, no system call while nothing changed.

        Raises:
            NotBoundError: the gunicorn hooks did not run in this process.
            NoConfigYetError: the service waits for the first good source.
            CorruptRecordError: there is no config to fall back on.
            UnfitConfigError: nor is there, and the class does not take the newest.
        """
        if self._head[0] == self._version:
            return self._config
        return self._refresh().config

    def snapshot(self) -> Snapshot[T]:
        """Return the newest config with its version and digest; raise as `get` does."""
        if self._head[0] == self._version and self._snapshot is not None:
            return self._snapshot
        return self._refresh()

    def snapshot_at_least(
        self, version: int, timeout_seconds: float = 1.0
    ) -> Snapshot[T]:
        """
        Return a snapshot that is no older than what a client got from another worker.

        A version that this pod has not published, as another pod's, is not waited for.

        Args:
            version: the newest that the client has seen.
            timeout_seconds: how long to wait at most for another thread of this worker.

        Raises: VersionNotReachedError when it is over, and as `get` does.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            snapshot = self.snapshot()
            wanted = min(version, bound().config.version)
            if snapshot.version < wanted:
                self._take_unless_taken(snapshot)
                snapshot = self._snapshot or snapshot
            if snapshot.version >= wanted:
                return snapshot
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                raise VersionNotReachedError(wanted, snapshot.version)
            threading.Event().wait(min(seconds, _LOOK_SECONDS))

    @property
    def stale_since(self) -> float | None:
        """When the newest publication was first found unreadable, or None."""
        return self._stale_since

    @property
    def secrecy(self) -> str:
        """Which keys are secret, as `KeyNames` has it; known with the first config."""
        return self._schema.key_names.secrecy if self._schema else ""

    def subscribe(self, callback: Callback[T]) -> Subscription[T]:
        """
        Have `callback(old, new, changed)` called in this worker for new versions.

        It is called in a thread of its own, off the way of the requests, once for each
        version that it has time for: first with the version that the worker starts
        with, then whenever there is a newer one. What it raises is logged and counted,
        and so is one that takes longer than a second; neither keeps anything else from
        going on. In a process that is no worker, such as the master, it is not called.

        Args:
            callback: takes the snapshot that it was called with before (None the first
                time), the newest, and the paths of the keys that differ, as the log
                writes them.

        Returns:
            what its `cancel()` ends.

        Raises:
            RuntimeError: no thread is to be had.
        """
        subscription = Subscription(callback, self._subscriptions.remove)
        self._subscriptions.append(subscription)
        _kept_alive.add(self)
        if _are_callbacks_told:
            subscription.start()
            bound().published.send()
        return subscription

    def masked(self, config: T) -> Any:
        """Return a config that this manager gave out as plain data, secrets masked."""
        assert self._schema is not None
        return self._schema.masked(config)

    def refresh(self) -> None:
        """Take the newest version, for a thread that may wait; raise as `get` does."""
        snapshot = self._snapshot
        if snapshot is None:
            self._first()
        else:
            with self._lock:
                self._take(snapshot)

    def _refresh(self) -> Snapshot[T]:
        snapshot = self._snapshot
        if snapshot is None:
            return self._first()
        if turns.is_left_to_follower(bound()):
            return snapshot
        self._take_unless_taken(snapshot)
        return self._snapshot or snapshot

    def _take_unless_taken(self, held: Snapshot[T]) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self._take(held)
            finally:
                self._lock.release()

    def _first(self) -> Snapshot[T]:
        """Read as soon as it can be read: there is nothing to serve meanwhile."""
        for _ in range(_FIRST_TRIES_MAX):
            with contextlib.suppress(CorruptRecordError):
                return self._try_first()
            threading.Event().wait(_RETRY_SECONDS)
        return self._try_first()

    def _try_first(self) -> Snapshot[T]:
        with self._lock:
            if self._snapshot is None:
                shared = bound()
                self._schema = self._find_schema(shared)
                publication = shared.config.read()
                if publication is None:
                    self._is_awaiting = True
                    raise _nothing_yet(shared)
                self._keep(shared, publication)
            assert self._snapshot is not None
            return self._snapshot

    def _take(self, held: Snapshot[T]) -> None:
        shared = bound()
        head = shared.config.version
        if head == self._unreadable_head and time.monotonic() < self._retry_at:
            return
        # What is held is news to a worker's row, and to a new subscription.
        is_news = self._is_inherited or any(
            each.is_waiting_for_the_first for each in tuple(self._subscriptions)
        )
        try:
            publication = shared.config.read(0 if is_news else held.version)
            if publication is not None:
                self._keep(shared, publication)
        # Also where there is no memory for the copy: what is held is there.
        except (CorruptRecordError, UnfitConfigError, MemoryError) as error:
            # Damage is logged by whoever mends it; a class is mended by who reads this.
            if isinstance(error, UnfitConfigError) and head != self._unreadable_head:
                log.error("liveconfig: version %d stays: %s", held.version, error)
            self._stale_since = self._stale_since or time.time()
            self._unreadable_head = head
            self._retry_at = time.monotonic() + _RETRY_SECONDS
        else:
            self._stale_since = None
            self._unreadable_head = _NO_VERSION
        if shared.workers.own is not None:
            shared.workers.own.is_stale_since(self._stale_since)

    def _keep(self, shared: SharedMemory, publication: Publication) -> None:
        assert self._schema is not None
        digest, config = self._schema.unpack(publication.payload)
        snapshot = Snapshot(config, publication.version, digest)
        # In this order: whoever sees the new version here must get the new config,
        # and whoever does not yet is sent to the snapshot, which is newer than both.
        self._snapshot = snapshot
        self._config = snapshot.config
        self._version = snapshot.version
        self._head = shared.config.head
        self._is_inherited = False
        row = shared.workers.own
        if row is not None:
            self._needs_restart = self._has_other_marks(publication.payload)
            needed = any(each._needs_restart for each in _managers())
            row.needs_restart(is_needed=needed)
            # Last, so that whoever sees the version sees what came with it.
            oldest = min(each._version for each in _managers() if each._snapshot)
            row.took(oldest, publication.published_at_ns, is_awaited=self._is_awaiting)
        for subscription in tuple(self._subscriptions):
            subscription.offer(Taken(snapshot, publication.payload), row)

    def _has_other_marks(self, payload: bytes) -> bool:
        """Tell whether a key that only a restart applies is not as at the start."""
        schema = self._schema
        assert schema is not None
        # Nothing is kept for a schema in which no key is marked.
        if not schema.has_marks:
            return False
        if self._first_payload is None:
            self._first_payload = payload
        changed = changed_key_paths(self._first_payload, payload)
        return any(map(schema.needs_restart, changed))

    def _find_schema(self, shared: SharedMemory) -> Schema[T]:
        if self._type is None:
            return Schema.load(Settings.from_environ().schema)
        schema: Schema[T] = Schema(self._type)
        status = shared.publisher_status()
        if status is not None and status.schema != schema.name:
            raise NotBoundError(
                f"this ConfigManager is for {schema.name}, but the config is "
                f"published as {status.schema or 'a plain mapping'}: set "
                f"LIVECONFIG_SCHEMA={schema.name}"
            )
        return schema


# The managers of this process, without a gap for another thread while one comes or
# goes. Those that something was subscribed to stay, even if their maker let go of them.
_references: list[weakref.ref[ConfigManager[Any]]] = []
_kept_alive: set[ConfigManager[Any]] = set()

# Only in a worker that serves: a thread in the master would be lost in its children.
_are_callbacks_told = False


def _managers() -> list[ConfigManager[Any]]:
    found = (reference() for reference in tuple(_references))
    return [manager for manager in found if manager is not None]


def _nothing_yet(shared: SharedMemory) -> LiveconfigError:
    status = shared.publisher_status()
    # A version that was told of and is not there was overwritten, and comes back.
    if status is None or status.version:
        return CorruptRecordError("the record holds nothing")
    return NoConfigYetError(status.trouble)


def _subscriptions() -> list[Subscription[Any]]:
    return [each for manager in _managers() for each in tuple(manager._subscriptions)]


def _renew_in_child() -> None:
    global _are_callbacks_told
    _are_callbacks_told = False
    # A child forked while another thread had the lock would never refresh again, and
    # no thread of the parent runs in it.
    for manager in _managers():
        manager._lock = threading.Lock()
        manager._is_inherited = manager._snapshot is not None
    for subscription in _subscriptions():
        subscription.renew()


os.register_at_fork(after_in_child=_renew_in_child)
