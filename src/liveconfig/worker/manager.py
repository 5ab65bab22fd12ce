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
    UnfitConfigError,
    VersionNotReachedError,
)
from liveconfig.memory.record import Publication
from liveconfig.memory.shared import SharedMemory, bound
from liveconfig.schema.schema import Schema, changed_key_paths
from liveconfig.sentences.of_processes import UNFIT
from liveconfig.worker import turns
from liveconfig.worker.binding import bound_schema, nothing_yet
from liveconfig.worker.snapshot import Snapshot
from liveconfig.worker.subscription import Callback, Caller, Subscription, Taken

log = logging.getLogger("gunicorn.error")
T = TypeVar("T")

# How long a version that could not be read is left alone: every look at it costs a
# request some microseconds, and damage does not mend itself.
_RETRY_SECONDS = 0.1
_LOOK_SECONDS = 0.002  # How often one looks that waits for another thread.
# How often the first config is tried: damage is mended within a second or two.
_FIRST_TRIES_MAX = 30
_NO_VERSION = -1  # No record has it, so that the first `get` takes the slow path.
_NO_HEAD = memoryview(bytes(8)).cast("Q")


def refresh_all(*, may_wait: bool = True) -> None:
    """Have every manager hold the newest version, or what `get` would; never raise."""
    for manager in managers():
        with contextlib.suppress(LiveconfigError, MemoryError):
            if may_wait:
                manager.refresh()
            elif manager._snapshot is not None:
                manager._refresh()


def start_callbacks() -> None:
    """
    Call the callbacks of this process from now on, those that come later included.

    Raises:
        RuntimeError: no thread can be started; its callback is not called.
    """
    global _are_callbacks_started
    _are_callbacks_started = True
    for subscription in _subscriptions():
        subscription.start()


def enter_row() -> None:
    """Have what is held already be noted in the row that this process has got."""
    for manager in managers():
        manager._is_inherited = manager._snapshot is not None


def log_slow_callbacks() -> bool:
    """Log each callback that has become slow; return True while another is busy."""
    return True in [each.log_if_slow() for each in _subscriptions()]


class ConfigManager(Generic[T]):
    """
    Hand out the newest config, for the price of comparing one number.

    Make one for the process, at import time if you like: it looks for the shared
    memory at the first `get`, so it works with `--preload` and survives forks.
    Call `get` or `snapshot` once per unit of work and keep the result for that unit;
    two calls may answer with two versions.

    Example::

        manager = ConfigManager(ShopConfig)

        def handle(request):
            config = manager.get()
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

    # Set with the first version. `get` compares `_version` first, so it never reads
    # this unset.
    _config: T

    def __init__(self, type_: type[T] | None = None) -> None:
        """
        Prepare a manager of configs of one type; nothing is read yet.

        Args:
            type_: the class of the config. It must be the one that LIVECONFIG_SCHEMA
                names, else the first `get` raises NotBoundError. None takes whatever
                LIVECONFIG_SCHEMA names.
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
        self._subscriptions: list[Caller[T]] = []
        self._lock = threading.Lock()
        _references.append(weakref.ref(self, _references.remove))

    def get(self) -> T:
        """
        Return the newest config: no lock, no system call while nothing changed.

        Once it has returned a config it raises no more, and returns the last good one.

        Raises:
            NotBoundError: the gunicorn hooks did not run in this process, or the config
                is published for another class; each further call raises it.
            NoConfigYetError: the service waits for the first good source; none is held.
            CorruptRecordError: no try of three seconds could read the record, and
                nothing is held; the next call tries again.
            UnfitConfigError: the class does not take the newest config, and nothing is
                held; a later call takes the next version.
        """
        if self._head[0] == self._version:
            return self._config
        return self._refresh().config

    def snapshot(self) -> Snapshot[T]:
        """
        Return the newest config with its version and digest.

        Raises:
            LiveconfigError: as `get` does, with the same state left.
        """
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

        Raises:
            VersionNotReachedError: the time is over; `snapshot` goes on to return what
                is held.
            LiveconfigError: as `get` does, with the same state left.
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
            time.sleep(min(seconds, _LOOK_SECONDS))

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

        Example::

            def resize(old, new, changed):
                if old is None or "pool.size" in changed:
                    pool.resize(new.config.pool.size)

        Args:
            callback: takes the snapshot that it was called with before (None the first
                time), the newest, and the paths of the keys that differ, as the log
                writes them.

        Returns:
            what its `cancel()` ends.

        Raises:
            RuntimeError: no thread can be started; it is not called.
        """
        subscription = Caller(callback, self._subscriptions.remove)
        self._subscriptions.append(subscription)
        _kept_alive.add(self)
        if _are_callbacks_started:
            subscription.start()
            bound().published.send()
        return subscription

    def masked(self, config: T) -> Any:
        """Return a config that this manager gave out as plain data, secrets masked."""
        assert self._schema is not None
        return self._schema.masked(config)

    def refresh(self) -> None:
        """
        Take the newest version, for a thread that may wait.

        Raises:
            LiveconfigError: as `get` does, with the same state left.
        """
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
        if turns.leave_to_follower(bound().record_for(self._head)[0]):
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
            time.sleep(_RETRY_SECONDS)
        return self._try_first()

    def _try_first(self) -> Snapshot[T]:
        with self._lock:
            if self._snapshot is None:
                shared = bound()
                self._schema = bound_schema(self._type, shared)
                record, word = shared.record_for(self._head)
                if (publication := record.read()) is None:
                    self._is_awaiting = True
                    raise nothing_yet(shared)
                self._keep(shared, publication)
                self._head = word
            assert self._snapshot is not None
            return self._snapshot

    def _take(self, held: Snapshot[T]) -> None:
        record, word = (shared := bound()).record_for(self._head)
        head = record.version
        if head == self._unreadable_head and time.monotonic() < self._retry_at:
            return
        # The row of this worker or a new subscription may not have the current one yet.
        is_news = self._is_inherited or any(
            each.is_waiting_for_the_first for each in tuple(self._subscriptions)
        )
        try:
            publication = record.read(0 if is_news else held.version)
            if publication is not None:
                self._keep(shared, publication)
            # Also where the version that was on trial here is everywhere by now.
            self._head = word
        # Also where there is no memory for the copy.
        except (CorruptRecordError, UnfitConfigError, MemoryError) as error:
            # Damage is logged by whoever mends it; a class is mended by who reads this.
            if isinstance(error, UnfitConfigError) and head != self._unreadable_head:
                UNFIT.write(log, held.version, error)
            self._stale_since = self._stale_since or time.time()
            self._unreadable_head = head
            self._retry_at = time.monotonic() + _RETRY_SECONDS
        else:
            self._stale_since = None
            self._unreadable_head = _NO_VERSION
        if shared.workers.own is not None:
            shared.workers.own.note_stale_since(self._stale_since)

    def _keep(self, shared: SharedMemory, publication: Publication) -> None:
        assert self._schema is not None
        digest, config = self._schema.unpack(publication.payload)
        snapshot = Snapshot(config, publication.version, digest)
        # In this order: whoever sees the new version here must get the new config,
        # and whoever does not yet is sent to the snapshot, which is newer than both.
        self._snapshot = snapshot
        self._config = snapshot.config
        self._version = snapshot.version
        self._is_inherited = False
        if (row := shared.workers.own) is not None:
            row.note_schema(self._schema.identity)
            # Nothing is kept for a schema in which no key is marked.
            if self._schema.has_marks:
                first = self._first_payload = self._first_payload or publication.payload
                changed = changed_key_paths(first, publication.payload)
                self._needs_restart = any(map(self._schema.needs_restart, changed))
            row.note_restart(is_needed=any(each._needs_restart for each in managers()))
            row.note_stale_since(None)
            # Last, so that whoever sees the version sees what came with it.
            oldest = min(each._version for each in managers() if each._snapshot)
            row.took(oldest, publication.published_at_ns, is_awaited=self._is_awaiting)
        for subscription in tuple(self._subscriptions):
            subscription.offer(Taken(snapshot, publication.payload), row)


# The managers of this process, without a gap for another thread while one comes or
# goes. Those that something was subscribed to stay, even if their maker let go of them.
_references: list[weakref.ref[ConfigManager[Any]]] = []
_kept_alive: set[ConfigManager[Any]] = set()

# Only in a worker that serves: a thread in the master would be lost in its children.
_are_callbacks_started = False


def managers() -> list[ConfigManager[Any]]:
    """Return those of this process."""
    return [each for found in tuple(_references) if (each := found()) is not None]


def _subscriptions() -> list[Caller[Any]]:
    return [each for manager in managers() for each in tuple(manager._subscriptions)]


def _renew_in_child() -> None:
    global _are_callbacks_started
    _are_callbacks_started = False
    # A child forked while another thread had the lock would never refresh again, and
    # no thread of the parent runs in it.
    for manager in managers():
        manager._lock = threading.Lock()
        manager._is_inherited = manager._snapshot is not None
    for subscription in _subscriptions():
        subscription.renew()


os.register_at_fork(after_in_child=_renew_in_child)
