"""
A small world without a publisher: shared memory, what is in it, workers that follow it.

Owns: the memory, its writers, the class of its configs, forking a worker.
Must not know: what is tested.
Runs in: the test process, and the workers that it forks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from liveconfig.memory.candidate import CandidateWriter
from liveconfig.memory.record import Writer
from liveconfig.memory.shared import SharedMemory, bind
from liveconfig.memory.status import Missing, PublisherStatus
from liveconfig.schema.schema import Schema
from liveconfig.worker import follower
from liveconfig.worker.manager import ConfigManager
from tests.support.children import Child
from tests.support.damage import overwrite

BYTES_MAX = 65_536
_PAGE_BYTES = 4096
# Of the first byte of a slot.
_CHECKSUM_BYTE = 24


class Greeting(msgspec.Struct, frozen=True):
    """A config for tests."""

    message: str
    count: int = 0


SCHEMA = Schema(Greeting)


class World:
    """
    Shared memory with its writers, bound to this process and its children.

    Attributes:
        shared: the memory.
    """

    def __init__(self) -> None:
        """Make and bind the memory, with a status and without a config."""
        self.shared = SharedMemory.create(BYTES_MAX)
        self._config = Writer(self.shared.config.descriptor)
        self._status = Writer(self.shared.status.descriptor)
        self._candidate = CandidateWriter(self.shared.candidate.descriptor)
        self.publish_status(SCHEMA.name)
        bind(self.shared)

    def publish(self, message: str, count: int = 0, *, above: int = 0) -> int:
        """Publish a greeting as the publisher does, and return its version."""
        payload = SCHEMA.pack(Greeting(message, count)).payload
        return self.publish_bytes(payload, above)

    def offer(self, message: str, pid: int) -> int:
        """Offer a greeting to one process as the publisher does; return its version."""
        payload = SCHEMA.pack(Greeting(message)).payload
        self._candidate.address(pid)
        version = self._candidate.offer(payload, self.shared.config.version)
        self.shared.published.send()
        return version

    def end_offer(self) -> None:
        """Have nothing be offered any more, by the version that all have."""
        self._candidate.end(self.shared.config.version)
        self.shared.published.send()

    def publish_bytes(self, payload: bytes, above: int = 0) -> int:
        """Publish any config, or what is none."""
        version = self._config.publish(payload, above)
        self.shared.published.send()
        return version

    def publish_status(self, schema: str, version: int = 0) -> None:
        """Publish a status that names `schema`, of a source that is gone."""
        missing = Missing("conf: gone", 1.0)
        status = PublisherStatus(
            1, 1.0, "conf", schema, version=version, missing=missing
        )
        self._status.publish(status.to_bytes())

    def damage(self) -> None:
        """Overwrite the newest config's checksum in the memory itself."""
        record = self.shared.config
        slot = _PAGE_BYTES + record.version % 2 * (_PAGE_BYTES + BYTES_MAX)
        overwrite(record.descriptor, slot + _CHECKSUM_BYTE, b"damaged!")

    def versions(self) -> list[int]:
        """Return what the workers hold, by the table."""
        return [state.version for state in self.shared.workers.rows()]

    def worker(
        self, work: Callable[[ConfigManager[Any]], Any], type_: type[Any] = Greeting
    ) -> Child:
        """Fork a worker that follows, does `work` with its manager and ends."""
        key = object()
        self.shared.workers.give_out(key)

        def run() -> Any:
            manager = ConfigManager(type_)
            assert self.shared.workers.enter(key)
            follower.start(self.shared)
            return work(manager)

        return Child(run)

    def close(self) -> None:
        """Unbind and free everything."""
        bind(None)
        self._config.close()
        self._status.close()
        self._candidate.close()
        self.shared.close()
