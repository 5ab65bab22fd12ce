"""
Where the publisher writes to.

Owns: claiming the records, attaching to all that is shared by descriptor.
Must not know: what is written, and when.
Runs in: the publisher process.
"""

from __future__ import annotations

from dataclasses import dataclass

from liveconfig.memory.candidate import Candidate, CandidateWriter
from liveconfig.memory.record import Record, Writer
from liveconfig.memory.worker_table import WorkerTable
from liveconfig.processes.broadcast import Broadcast


class Channel:
    """A record together with its writer, claimed for as long as this object lives."""

    def __init__(self, descriptor: int) -> None:
        """
        Attach to the record and claim it.

        Raises:
            RecordClaimedError: another publisher is alive; nothing was written,
                and this process is to end.
        """
        self.record = Record(descriptor)
        self.writer = Writer(descriptor)

    def close(self) -> None:
        """Give up the claim and the record; what was published stays."""
        self.writer.close()
        self.record.close()


class CandidateChannel:
    """The same for the record of a candidate."""

    def __init__(self, descriptor: int) -> None:
        """
        Attach to the record and claim it.

        Raises:
            RecordClaimedError: another publisher is alive.
        """
        self.record = Candidate(descriptor)
        self.writer = CandidateWriter(descriptor)

    def close(self) -> None:
        """Give up the claim and the record; what was offered stays."""
        self.writer.close()
        self.record.close()


@dataclass(frozen=True)
class Outlets:
    """
    All that the publisher writes to.

    Attributes:
        config: the published configs.
        status: the publisher's state.
        history: the newest publications and rejections.
        proven: the config that passed its trial last.
        candidate: the config that one worker tries before the others get it.
        published: wakes every worker.
        workers: how each version fares; it is only read.
    """

    config: Channel
    status: Channel
    history: Channel
    proven: Channel
    candidate: CandidateChannel
    published: Broadcast
    workers: WorkerTable

    @classmethod
    def attach(
        cls,
        config: int,
        status: int,
        history: int,
        proven: int,
        candidate: int,
        published: int,
        workers: int,
    ) -> Outlets:
        """
        Attach by descriptors, which belong to the outlets from now on.

        Raises:
            RecordClaimedError: another publisher is alive; nothing was written,
                and this process is to end.
            StartupError: a descriptor is not that of what it should be; as above.
        """
        return cls(
            Channel(config),
            Channel(status),
            Channel(history),
            Channel(proven),
            CandidateChannel(candidate),
            Broadcast(published),
            WorkerTable.attach(workers),
        )

    def close(self) -> None:
        """Let go of all of it; what was published stays."""
        for channel in (self.config, self.status, self.history, self.proven):
            channel.close()
        self.candidate.close()
        self.published.close()
        self.workers.close()
