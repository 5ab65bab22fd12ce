"""
A worker's snapshot of the config.

Owns: `ConfigManager`, the binding of this process to the shared memory.
Must not know: YAML, files, who publishes, HTTP.
Runs in: every worker.

Why `get` compares one word: the version in shared memory is all that has to be looked
at to know that the snapshot is still the newest. Why the slow path tries its lock and
never waits for it: the thread that has it is decoding the very same publication, and
everyone else is served the snapshot before it meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from liveconfig.errors import CorruptRecordError, NotBoundError
from liveconfig.record import Record
from liveconfig.schema import Schema
from liveconfig.settings import Settings
from liveconfig.status import PublisherStatus

T = TypeVar("T")

# How long a version that could not be read is left alone: every look at it costs a
# request some microseconds, and damage does not mend itself.
_RETRY_SECONDS = 0.1

# How often a process that has no config yet tries: the master has a record that was
# overwritten made whole again within a second or two.
_FIRST_TRIES_MAX = 30

# A version that no record has, so that the first `get` takes the slow path.
_NO_VERSION = -1
_NO_HEAD = memoryview(bytes(8)).cast("Q")


@dataclass(frozen=True)
class SharedMemory:
    """
    The two records that the master makes and its children inherit.

    Attributes:
        config: the published configs.
        status: what the publisher says of itself.
    """

    config: Record
    status: Record

    def publisher_status(self) -> PublisherStatus | None:
        """Return what the publisher says of itself, None where it cannot be read."""
        try:
            publication = self.status.read()
        except CorruptRecordError:
            return None
        return publication and PublisherStatus.from_bytes(publication.payload)


_shared: SharedMemory | None = None


def bind(shared: SharedMemory | None) -> None:
    """Make `shared` the memory that every `ConfigManager` of this process reads."""
    global _shared
    _shared = shared


def bound() -> SharedMemory:
    """
    Return the memory of this process.

    Raises:
        NotBoundError: the gunicorn hooks did not run in this process or its parent.
    """
    if _shared is None:
        raise NotBoundError(
            "there is no config in this process yet: add `from liveconfig.gunicorn "
            "import *` to the gunicorn config file, and call get() while serving, "
            "not while importing"
        )
    return _shared


@dataclass(frozen=True)
class Snapshot(Generic[T]):
    """
    A config with its version, as one worker holds it.

    Attributes:
        config: the frozen config.
        version: counts publications from 1, through restarts of the publisher.
        digest: `sha256:` and 64 hexadecimal digits, equal in every pod.
    """

    config: T
    version: int
    digest: str


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
        "_head",
        "_lock",
        "_retry_at",
        "_schema",
        "_snapshot",
        "_stale_since",
        "_type",
        "_unreadable_head",
        "_version",
    )

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
        self._config: Any = None
        self._snapshot: Snapshot[T] | None = None
        self._stale_since: float | None = None
        self._unreadable_head = _NO_VERSION
        self._retry_at = 0.0
        self._lock = threading.Lock()
        _renew_lock_in_children(self)

    def get(self) -> T:
        """
        Return the newest config: no lock, no system call while nothing changed.

        Raises:
            NotBoundError: the gunicorn hooks did not run in this process.
            CorruptRecordError: there is no config to fall back on.
        """
        if self._head[0] != self._version:
            return self._refresh().config
        config: T = self._config
        return config

    def snapshot(self) -> Snapshot[T]:
        """
        Return the newest config together with its version and digest.

        Raises: as `get` does.
        """
        if self._head[0] == self._version and self._snapshot is not None:
            return self._snapshot
        return self._refresh()

    @property
    def stale_since(self) -> float | None:
        """When the newest publication was first found unreadable, or None."""
        return self._stale_since

    def _refresh(self) -> Snapshot[T]:
        snapshot = self._snapshot
        if snapshot is None:
            return self._first()
        if self._lock.acquire(blocking=False):
            try:
                self._take(snapshot)
            finally:
                self._lock.release()
        newest = self._snapshot
        assert newest is not None
        return newest

    def _first(self) -> Snapshot[T]:
        with self._lock:
            if self._snapshot is None:
                shared = bound()
                self._schema = self._find_schema(shared)
                self._keep(self._decoded_first(shared.config), shared.config.head)
            assert self._snapshot is not None
            return self._snapshot

    def _decoded_first(self, record: Record) -> Snapshot[T] | None:
        """Read as soon as it can be read: there is nothing to serve meanwhile."""
        for _ in range(_FIRST_TRIES_MAX):
            with contextlib.suppress(CorruptRecordError):
                return self._decoded(record, 0)
            threading.Event().wait(_RETRY_SECONDS)
        return self._decoded(record, 0)

    def _take(self, held: Snapshot[T]) -> None:
        record = bound().config
        head = record.version
        if head == self._unreadable_head and time.monotonic() < self._retry_at:
            return
        try:
            snapshot = self._decoded(record, held.version)
        except CorruptRecordError:
            self._stale_since = self._stale_since or time.time()
            self._unreadable_head = head
            self._retry_at = time.monotonic() + _RETRY_SECONDS
        else:
            self._keep(snapshot, record.head)

    def _decoded(self, record: Record, held_version: int) -> Snapshot[T] | None:
        publication = record.read(held_version)
        if publication is None:
            if held_version == 0:
                raise CorruptRecordError("nothing was published yet")
            return None
        assert self._schema is not None
        digest, config = self._schema.unpack(publication.payload)
        return Snapshot(config, publication.version, digest)

    def _keep(self, snapshot: Snapshot[T] | None, head: memoryview) -> None:
        self._stale_since = None
        self._unreadable_head = _NO_VERSION
        if snapshot is None:
            return
        # In this order: whoever sees the new version here must get the new config,
        # and whoever does not yet is sent to the snapshot, which is newer than both.
        self._snapshot = snapshot
        self._config = snapshot.config
        self._version = snapshot.version
        self._head = head

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


def _renew_lock_in_children(manager: ConfigManager[Any]) -> None:
    # A child forked while another thread had the lock would never refresh again.
    reference = weakref.ref(manager)

    def renew() -> None:
        forked = reference()
        if forked is not None:
            forked._lock = threading.Lock()

    os.register_at_fork(after_in_child=renew)
