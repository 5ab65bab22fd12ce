"""
What `/status` says of a pod, as whoever asks for it sees it.

Owns: the shape of the document, and which of it is trouble.
Must not know: how it was asked for, how it is shown.
Runs in: the CLI.

Every text is made printable as it comes in: what a config or a stranger's server holds
cannot move the cursor of whoever looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from liveconfig.errors import printable
from liveconfig.memory.status import Problem
from liveconfig.schema.changes import Change
from liveconfig.schema.excerpt import ExcerptLine

# What a service says that waits for its first good source.
NO_CONFIG = "there is no config yet"


class Rejected(msgspec.Struct, frozen=True):
    """What the source holds and no worker serves; `digest` is of the bytes."""

    digest: str
    error: Problem
    since: datetime
    tries: int
    excerpt: tuple[ExcerptLine, ...] = ()


class Missing(msgspec.Struct, frozen=True):
    """Why the source cannot be read."""

    problem: str
    since: datetime


class Source(msgspec.Struct, frozen=True):
    """The file or directory."""

    path: str
    missing: Missing | None


class Publisher(msgspec.Struct, frozen=True):
    """The publisher: `running`, `restarting` or `unknown`."""

    pid: int | None
    state: str
    mode: str
    started_at: datetime | None
    starts: int
    mode_reason: str = ""


class Delays(msgspec.Struct, frozen=True):
    """Where the time went between the change of the source and the last worker."""

    flipped_at: datetime | None
    publisher_ms: float | None
    last_worker_ms: float | None


class Callbacks(msgspec.Struct, frozen=True):
    """How the callbacks of one worker fare."""

    failures: int
    slow: int
    running_since: datetime | None


class Worker(msgspec.Struct, frozen=True):
    """One worker; without a version it has no config, or has not asked for one yet."""

    pid: int
    version: int | None
    digest: str | None
    is_behind: bool
    since: datetime | None
    stale_since: datetime | None
    needs_restart: bool
    callbacks: Callbacks


class Entry(msgspec.Struct, frozen=True):
    """A publication, or a rejection, which leaves the version as it is."""

    kind: str
    at: datetime
    version: int
    digest: str
    duration_ms: float
    changes: tuple[Change, ...]
    changed_count: int
    error: Problem | None


class PodStatus(msgspec.Struct, frozen=True):
    """All that one pod says of itself; `history` is newest first, version 0 is none."""

    version: int
    digest: str
    since: datetime | None
    changed_keys: tuple[str, ...]
    changed_count: int
    unknown_keys: tuple[str, ...]
    unknown_count: int
    restart_keys: tuple[str, ...]
    origin: str
    source: Source
    rejected: Rejected | None
    publisher: Publisher
    converged: bool
    delays: Delays
    workers: tuple[Worker, ...]
    history: tuple[Entry, ...]

    @classmethod
    def from_json(cls, body: bytes) -> PodStatus:
        """
        Read the document.

        Raises:
            ValueError: it is none.
        """
        try:
            return msgspec.convert(_printable(msgspec.json.decode(body)), cls)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(str(error)) from error

    @property
    def is_well(self) -> bool:
        """Whether every worker serves what the source holds, and will go on to."""
        return self.converged and not any(self.troubles())

    def serving(self) -> tuple[Worker, ...]:
        """Return the workers that have a config."""
        return tuple(worker for worker in self.workers if worker.version)

    def behind(self) -> tuple[Worker, ...]:
        """Return the workers that do not serve the newest version yet."""
        return tuple(worker for worker in self.workers if worker.is_behind)

    def serves(self, digest: str) -> bool:
        """Return whether every worker that serves at all serves this config."""
        return self.converged and all(
            worker.digest == digest for worker in self.serving()
        )

    def troubles(self) -> Iterator[str]:
        """Yield a sentence for each thing that keeps an edit from being live."""
        stays = f"version {self.version} stays" if self.version else NO_CONFIG
        if self.rejected is not None:
            yield f"the source was rejected, {stays}"
        if self.source.missing is not None:
            yield f"the source is missing, {stays}"
        if self.publisher.state != "running":
            yield f"the publisher is not running: {self.publisher.state}"
        stale = sum(worker.stale_since is not None for worker in self.workers)
        if stale:
            yield f"the newest version is unreadable for {counted(stale)}: see the log"
        outdated = sum(worker.needs_restart for worker in self.workers)
        if outdated:
            yield f"a restart is needed by {counted(outdated)}"


def counted(workers: int) -> str:
    """Return so many workers in words."""
    return "1 worker" if workers == 1 else f"{workers} workers"


def _printable(data: Any) -> Any:
    if isinstance(data, str):
        return printable(data)
    if isinstance(data, list):
        return [_printable(item) for item in data]
    if isinstance(data, dict):
        return {key: _printable(value) for key, value in data.items()}
    return data
