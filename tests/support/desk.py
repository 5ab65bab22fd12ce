"""
A publisher without a process: shared memory, a source, and a publisher to be called.

Owns: the desk, and the classes of its configs.
Must not know: what is tested.
Runs in: the test process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from liveconfig.memory.history import Entry, History
from liveconfig.memory.record import Writer
from liveconfig.memory.shared import SharedMemory
from liveconfig.memory.status import PublisherStatus
from liveconfig.memory.worker_row import WorkerRow
from liveconfig.publishing.cache import Cache
from liveconfig.publishing.note import Note
from liveconfig.publishing.outlets import Outlets
from liveconfig.publishing.publisher import Publisher
from liveconfig.schema.schema import NEEDS_RESTART, Schema
from liveconfig.settings import Settings

BYTES_MAX = 65_536


class Greeting(msgspec.Struct, frozen=True):
    """A config for tests."""

    message: str = "default"
    labels: Mapping[str, int] = {}


class Pool(msgspec.Struct, frozen=True):
    """A config of which no change can be applied."""

    sizes: Annotated[Mapping[str, int], NEEDS_RESTART] = {}


class Required(msgspec.Struct, frozen=True):
    """A config that cannot be made of defaults."""

    message: str


class Desk:
    """Shared memory, a source, and publishers one after the other."""

    def __init__(self, directory: Path, bytes_max: int = BYTES_MAX) -> None:
        self.shared = SharedMemory.create(bytes_max)
        self.config, self.status, self.history, *_ = self.shared.records
        self.path = directory / "config.yaml"
        self.settings = Settings(path=str(self.path), payload_bytes_max=bytes_max)
        self._outlets: Outlets | None = None
        self._locked: Note | None = None

    def publisher(self, type_: type[Any] = Greeting) -> Publisher:
        """Start a publisher; the one before is over."""
        self.dismiss()
        self._outlets = Outlets.attach(*map(os.dup, self.shared.descriptors))
        publisher = Publisher(self.settings, Schema(type_), self._outlets)
        self._locked = publisher._trials._notes._trial
        return publisher

    def dismiss(self) -> None:
        """End the publisher of before, as its death would."""
        if self._outlets is not None:
            self._outlets.close()
        if self._locked is not None:
            self._locked._release()
        self._outlets = self._locked = None

    def worker(self, key: str = "worker") -> WorkerRow:
        """Return the row of one more worker, which is this process."""
        self.shared.workers.give_out(key)
        assert self.shared.workers.enter(key)
        row = self.shared.workers.own
        assert row is not None
        return row

    def cache(self) -> Cache:
        """Return the cache of a publisher of greetings."""
        settings = self.settings
        name = Schema(Greeting).name
        return Cache(settings.cache_dir, settings.path, name, BYTES_MAX)

    def published(self, type_: type[Any] = Greeting) -> Any:
        """Return the config that is in the record."""
        return Schema(type_).unpack(self.payload())[1]

    def payload(self) -> bytes:
        """Return what is in the record."""
        publication = self.config.read()
        assert publication is not None
        return publication.payload

    def publications(self) -> tuple[Entry, ...]:
        """Return what is in the history, the newest last."""
        return History.read(self.shared.history).entries

    def told(self) -> PublisherStatus:
        """Return the status that is in the other record."""
        publication = self.status.read()
        assert publication is not None
        return PublisherStatus.from_bytes(publication.payload)

    def write(self, config: Any) -> None:
        """End the publisher; all that it still does is to write `config`."""
        self.dismiss()
        writer = Writer(self.config.descriptor)
        writer.publish(Schema(type(config)).pack(config).payload)
        writer.close()

    def close(self) -> None:
        """Free everything."""
        self.dismiss()
        self.shared.close()
