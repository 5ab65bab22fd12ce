"""
What the publisher tells of itself: the log, its status, the history.

Owns: every line that the publisher logs about the source and the config, the status
    and the history in their records.
Must not know: how a config is read, validated or published.
Runs in: the publisher process.

What was told lies in shared memory, so a publisher that is started again goes on from
what the one before it told.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from liveconfig.errors import (
    CorruptRecordError,
    InvalidConfigError,
    KeyPath,
    LiveconfigError,
    SourceUnavailableError,
    printable,
)
from liveconfig.memory.history import CHANGES_MAX, Entry, History
from liveconfig.memory.record import Record
from liveconfig.memory.status import (
    PUBLISH_SECONDS,
    Attempt,
    Missing,
    Problem,
    PublisherStatus,
    Rejected,
    Reloads,
)
from liveconfig.publishing.log import log
from liveconfig.publishing.outlets import Channel
from liveconfig.schema.changes import Change
from liveconfig.schema.excerpt import ExcerptLine
from liveconfig.schema.names import Named, listed, shown
from liveconfig.schema.schema import Schema

_KEYS_IN_LOG_MAX = 20
_KEYS_IN_STATUS_MAX = 100
_PROBLEM_CHARACTERS_MAX = 1000

# What is told of a version that no change of the source is known to have led to.
_NO_CHANGE: Mapping[str, Any] = {
    "changed_at": 0.0,
    "changed_keys": (),
    "changed_count": 0,
    "restart_keys": (),
}


@dataclass(frozen=True)
class Published:
    """
    What is to be told of a version that went live.

    Attributes:
        at: when that was.
        version: its number.
        digest: the digest of its config.
        path: where it came from.
        changed_at: when its source changed, by the filesystem's clock, 0.0 where no
            change led to it.
        seconds: what it took from the begin of reading.
        is_first: whether nothing is known of the version before.
        changed: the paths of the keys that differ from the version before.
        changes: the first of them with their values, secrets masked.
        restart_keys: those of them that a running process cannot apply.
    """

    at: float
    version: int
    digest: str
    path: str
    changed_at: float
    seconds: float
    is_first: bool = True
    changed: Sequence[KeyPath] = ()
    changes: tuple[Change, ...] = ()
    restart_keys: Sequence[KeyPath] = ()


class Journal:
    """
    Tell what happens to the source and the config.

    Attributes:
        status: the publisher's state, as it was told last.
    """

    def __init__(
        self,
        path: str,
        schema: Schema[Any],
        status: Channel,
        history: Channel,
    ) -> None:
        """Go on from what the records hold; nothing is told yet."""
        self._names = names = schema.key_names
        self._status_channel = status
        self._history_channel = history
        self._history = History.read(history.record).shown_by(names.secrecy)
        self._told: PublisherStatus | None = None
        self._warnings: tuple[str, ...] = ()
        # Until that is known, what is wrong at the start is told by whoever ends it.
        self._is_waiting = False
        self.status = _status_before(status.record, path, schema)

    def resumed(self, at: float, version: int, digest: str) -> None:
        """Tell that the version of before is live, as far as that is not told yet."""
        if version != self.status.version:
            log.info(
                "version %d is live, %s; its publisher died before it told so",
                version,
                digest,
            )
            self._tell(version=version, digest=digest, published_at=at, **_NO_CHANGE)
        self._tell(digest=digest)
        told = {entry.version for entry in self._history.entries}
        if version not in told:
            self._enter(Entry("published", at, version, digest, self.status.origin))

    def unreadable(self, error: LiveconfigError) -> None:
        """Tell that what was live before cannot be read: whatever comes is new."""
        log.warning("the last publication cannot be read any more: %s", error)
        self._tell(digest="")

    def checked(self, at: float, poll_seconds: float) -> None:
        """Tell that this process is well: when it looked, and how often it will."""
        self._tell(checked_at=at, poll_seconds=poll_seconds)

    def tries(self, attempt: Attempt | None) -> None:
        """Tell what is tried from now on: the master knows that this process works."""
        self._tell(attempt=attempt)

    def found(self) -> None:
        """Tell that the source is there."""
        if self.status.missing is not None:
            log.info("%s is back", self.status.source)
            self._tell(missing=None)

    def missed(self, error: SourceUnavailableError) -> None:
        """Tell that the source is not there, or cannot be read."""
        before, problem = self.status.missing, printable(str(error))
        if before is not None and before.problem == problem:
            return
        if self.status.version:
            log.error("missing, version %d stays: %s", self.status.version, error)
        elif self._is_waiting:
            log.error("missing, there is still no config: %s", error)
        # What was rejected is not there any more either.
        self._tell(
            missing=Missing(problem, before.since if before else time.time()),
            rejected=None,
            reloads=self.status.reloads if before else self._counted(missing=1),
        )

    def published(self, news: Published) -> None:
        """Tell that a good source went live as a new version."""
        named = self._names.of_config
        restart_keys = shown(news.restart_keys, named, _KEYS_IN_STATUS_MAX)
        buckets = list(self.status.publish_buckets)
        buckets[bisect_left(PUBLISH_SECONDS, news.seconds)] += 1
        self._tell(
            version=news.version,
            digest=news.digest,
            published_at=news.at,
            changed_at=news.changed_at,
            changed_keys=shown(news.changed, named, _KEYS_IN_STATUS_MAX),
            changed_count=len(news.changed),
            restart_keys=restart_keys,
            origin="source",
            rejected=None,
            reloads=self._counted(published=1),
            publish_buckets=tuple(buckets),
            publish_seconds=self.status.publish_seconds + news.seconds,
        )
        self._enter(
            Entry(
                "published",
                news.at,
                news.version,
                news.digest,
                flipped_at=news.changed_at,
                duration_seconds=news.seconds,
                changes=news.changes,
                changed_count=len(news.changed),
                restart_keys=restart_keys[:CHANGES_MAX],
            )
        )
        _log_published(news, named)

    def unchanged(self) -> None:
        """Tell that a good source holds the config that is live."""
        if self.status.rejected is not None:
            log.info("the source is good again, version %d stays", self.status.version)
        self._tell(origin="source", rejected=None, reloads=self._counted(unchanged=1))

    def unknown_keys(self, keys: Sequence[KeyPath], path: str) -> None:
        """Tell which keys of a good source the schema does not know."""
        named = self._names.of_unknown
        names = shown(keys, named, _KEYS_IN_STATUS_MAX)
        if names and names != self.status.unknown_keys:
            log.warning(
                "%s: the schema does not know %s; check the spelling",
                printable(path),
                listed(keys, named, _KEYS_IN_LOG_MAX),
            )
        self._tell(unknown_keys=names, unknown_count=len(keys))

    def warned(self, warnings: Sequence[InvalidConfigError]) -> None:
        """Tell what in a good source is hardly what its author means, each once."""
        told = tuple(map(str, warnings[:_KEYS_IN_LOG_MAX]))
        for warning in told:
            if warning not in self._warnings:
                log.warning("%s", warning)
        self._warnings = told

    def rejected(
        self,
        digest: str,
        error: InvalidConfigError,
        *,
        excerpt: tuple[ExcerptLine, ...] = (),
        changed_at: float = 0.0,
        seconds: float = 0.0,
    ) -> None:
        """
        Tell that the source is no good.

        Args:
            digest: of its bytes, "" where they could not be read whole.
            error: what is wrong with it.
            excerpt: the lines around that, secrets masked.
            changed_at: when it changed, by the filesystem's clock, 0.0 if unknown.
            seconds: what it took to find out.
        """
        problem = Problem(
            printable(error.path),
            error.line,
            error.column,
            error.key,
            printable(error.problem)[:_PROBLEM_CHARACTERS_MAX],
        )
        before = self.status.rejected
        if before is not None and (before.digest, before.error) == (digest, problem):
            self.rejected_again(digest)
            return
        at = time.time()
        version = self.status.version
        self._tell(
            rejected=Rejected(digest, problem, at, 1, excerpt),
            reloads=self._counted(rejected=1),
        )
        self._enter(
            Entry(
                "rejected",
                at,
                version,
                digest,
                flipped_at=changed_at,
                duration_seconds=seconds,
                error=problem,
            )
        )
        if version:
            log.error("rejected, version %d stays: %s", version, error)
        elif self._is_waiting:
            log.error("rejected, there is still no config: %s", error)

    def rejected_again(self, digest: str) -> None:
        """Tell that the rejected candidate was seen once more, if that is the one."""
        rejected = self.status.rejected
        if rejected is not None and rejected.digest == digest:
            self._tell(
                rejected=msgspec.structs.replace(rejected, tries=rejected.tries + 1)
            )

    def fell_back(self, at: float, version: int, digest: str, origin: str) -> None:
        """Tell that a version went live that is not from the source."""
        self._tell(version=version, digest=digest, published_at=at, origin=origin)
        self._enter(Entry("published", at, version, digest, origin))
        log.error(
            "version %d is live from the %s, %s, because the source is no good: %s",
            version,
            origin,
            digest,
            self.status.trouble,
        )

    def waits(self) -> None:
        """Tell that there is no config yet, and that the next good source is one."""
        self._is_waiting = True
        log.error("no config yet, this service waits for one: %s", self.status.trouble)

    def published_again(self, at: float, version: int) -> None:
        """Tell that what was live had to be published again, because it was damaged."""
        log.critical(
            "the record was overwritten by something else: what was live is published "
            "again, as version %d",
            version,
        )
        self._tell(version=version, published_at=at, **_NO_CHANGE)
        self._enter(Entry("published", at, version, self.status.digest))

    def mode_changed(self, mode: str, reason: str) -> None:
        """Tell that the source is watched otherwise from now on, and why."""
        if mode == "polling":
            log.warning("%s: the source is read once a second", reason)
        else:
            log.info("%s: changes are seen at once again", reason)
        self._tell(mode=mode, mode_reason=reason if mode == "polling" else "")

    def mend(self) -> None:
        """Write the history again if something else has overwritten it."""
        if not self._history_channel.record.is_whole(0):
            self._write_history()

    def _tell(self, **changes: Any) -> None:
        self.status = msgspec.structs.replace(self.status, **changes)
        if self.status != self._told:
            self._told = self.status
            self._status_channel.writer.publish(self.status.to_bytes())

    def _counted(self, **results: int) -> Reloads:
        counts = msgspec.structs.asdict(self.status.reloads)
        return Reloads(**{name: counts[name] + results.get(name, 0) for name in counts})

    def _enter(self, entry: Entry) -> None:
        self._history = self._history.with_entry(entry)
        self._write_history()

    def _write_history(self) -> None:
        self._history_channel.writer.publish(self._history.to_bytes())


def _status_before(record: Record, path: str, schema: Schema[Any]) -> PublisherStatus:
    """Return the state that the publisher before left, under this one's name."""
    own: dict[str, Any] = {
        "pid": os.getpid(),
        "started_at": time.time(),
        # The name of a file may be no text, and a record holds none but text.
        "source": printable(path),
        "schema": schema.name,
        "schema_digest": schema.identity,
        "secrecy": schema.key_names.secrecy,
    }
    try:
        publication = record.read()
        if publication is None:
            return PublisherStatus(**own)
        before = PublisherStatus.from_bytes(publication.payload)
    except CorruptRecordError:
        return PublisherStatus(**own)
    shown_before = before.shown_by(schema.key_names.secrecy)
    own |= {"starts": before.starts + 1, "mode": "inotify", "mode_reason": ""}
    return msgspec.structs.replace(shown_before, **own)


def _log_published(news: Published, named: Named) -> None:
    changed = (
        ""
        if news.is_first
        else f", changed: {listed(news.changed, named, _KEYS_IN_LOG_MAX)}"
    )
    delay_ms = max(0.0, news.at - news.changed_at) * 1e3
    log.info(
        "version %d is live, %s%s, %s %s",
        news.version,
        news.digest,
        changed,
        f"{delay_ms:.1f} ms after the change of" if news.changed_at else "from",
        printable(news.path),
    )
    if news.restart_keys:
        log.warning(
            "version %d: %s takes effect in workers that start from now on; reload "
            "gunicorn or restart the pod",
            news.version,
            listed(news.restart_keys, named, _KEYS_IN_LOG_MAX),
        )
