"""
The memory that the master makes and its children inherit.

Owns: which pieces of shared memory there are; the binding of this process to them.
Must not know: what is in a config, who reads or writes when, HTTP.
Runs in: the gunicorn master, which makes it, and every worker.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from liveconfig.errors import CorruptRecordError, NotBoundError
from liveconfig.memory.candidate import Candidate
from liveconfig.memory.history import HISTORY_BYTES_MAX
from liveconfig.memory.record import Record
from liveconfig.memory.status import STATUS_BYTES_MAX, PublisherStatus
from liveconfig.memory.worker_table import WorkerTable
from liveconfig.processes.broadcast import Broadcast


@dataclass(frozen=True)
class SharedMemory:
    """
    All that the processes of one service share.

    Attributes:
        config: the published configs.
        status: what the publisher says of itself.
        history: the newest publications and rejections.
        proven: the config that passed its trial last.
        candidate: the config that one worker tries before the others get it.
        published: notifies every worker at once that there is a new version.
        workers: what each worker says of itself.
    """

    config: Record
    status: Record
    history: Record
    proven: Record
    candidate: Candidate
    published: Broadcast
    workers: WorkerTable

    @classmethod
    def create(cls, payload_bytes_max: int) -> SharedMemory:
        """
        Make all of it, empty; it is freed with the last process that holds it.

        Args:
            payload_bytes_max: the most bytes that one config may have.
        """
        return cls(
            config=Record.create("liveconfig-config", payload_bytes_max),
            status=Record.create("liveconfig-status", STATUS_BYTES_MAX),
            history=Record.create("liveconfig-history", HISTORY_BYTES_MAX),
            proven=Record.create("liveconfig-proven", payload_bytes_max),
            candidate=Candidate.create("liveconfig-candidate", payload_bytes_max),
            published=Broadcast.create(),
            workers=WorkerTable.create(),
        )

    @property
    def records(self) -> tuple[Record, ...]:
        """Those that the publisher writes."""
        return self.config, self.status, self.history, self.proven, self.candidate

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Those that the publisher gets, in the order of `Outlets.attach`."""
        records = (record.descriptor for record in self.records)
        return *records, self.published.descriptor, self.workers.descriptor

    def publisher_status(self) -> PublisherStatus | None:
        """Return what the publisher says of itself, None where it cannot be read."""
        try:
            publication = self.status.read()
            if publication is None:
                return None
            return PublisherStatus.from_bytes(publication.payload)
        except CorruptRecordError:
            return None

    def record_for(self, word: memoryview) -> tuple[Record, memoryview]:
        """
        Return the record that this process takes its config from, and its word.

        That is the candidate's in the process that may take it, and in one that has.

        Args:
            word: what it has compared its version with so far.
        """
        if self.candidate.is_offered(self.config.version) and (
            word is self.candidate.offer or self._is_addressed()
        ):
            return self.candidate, self.candidate.offer
        return self.config, self.config.head

    def _is_addressed(self) -> bool:
        # A process that a worker has forked has no row, and no part in a trial.
        has_row = self.workers.own is not None
        return has_row and self.candidate.addressee == os.getpid()

    def close(self) -> None:
        """Give all of it back; nothing of it is usable afterwards."""
        for record in self.records:
            record.close()
        self.published.close()
        self.workers.close()


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
            "import *` to the gunicorn config file, have hooks of your own call "
            "ours, and call get() while serving, not while importing"
        )
    return _shared


def _renew_in_child() -> None:
    # A process that the application forks is not a worker and may outlive one: it must
    # not write into a row that may be reused.
    if _shared is not None:
        _shared.workers.own = None


os.register_at_fork(after_in_child=_renew_in_child)
