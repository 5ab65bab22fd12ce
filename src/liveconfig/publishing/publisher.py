"""
What happens after "the source may have changed": publish, reject, or wait on.

Owns: the last good config, what is published and when.
Must not know: how a change is noticed, gunicorn, HTTP, how bytes lie in memory.
Runs in: the publisher process.

It may be killed at any instruction: all it needs it reads anew when it starts again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from liveconfig.errors import (
    CacheError,
    CorruptRecordError,
    InvalidConfigError,
    KeyPath,
    PayloadTooLargeError,
    SourceUnavailableError,
    UnfitConfigError,
    printable,
)
from liveconfig.memory.history import CHANGES_MAX
from liveconfig.memory.status import PublisherStatus
from liveconfig.publishing.attempts import ATTEMPTS_MAX, Attempts
from liveconfig.publishing.cache import Cache
from liveconfig.publishing.journal import Journal, Published
from liveconfig.publishing.log import log
from liveconfig.publishing.outlets import Outlets
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import NO_DOCUMENTS, Candidate, load, warnings
from liveconfig.reading.source import Reading, Source
from liveconfig.schema.changes import Change
from liveconfig.schema.excerpt import ExcerptLine, excerpt
from liveconfig.schema.schema import Schema, SchemaError, changed_key_paths
from liveconfig.settings import Settings

# How much a filesystem's clock may be behind, as it goes in steps.
_CLOCK_STEP_SECONDS = 0.02


@dataclass(frozen=True)
class Live:
    """
    What was published last.

    Attributes:
        payload: its bytes.
        config: what they stand for.
    """

    payload: bytes
    config: Any

    # And no tuple: what records the local variables of a traceback walks into those.
    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.payload)} bytes)"


class Publisher:
    """
    Keep one record up to date with one source.

    `refresh` is the only thing that ever happens; the watcher calls it. What it found
    out is in `status`, which goes to the second record whenever it changes.
    """

    def __init__(
        self,
        settings: Settings,
        schema: Schema[Any],
        outlets: Outlets,
        version_min: int = 0,
    ) -> None:
        """
        Prepare to publish; go on from what the records hold.

        Args:
            settings: of the process.
            schema: what a config must look like.
            outlets: what is written to.
            version_min: a version that others have seen. A record that is behind it
                was overwritten, whatever it looks like.
        """
        self._source = Source(settings.path, settings.payload_bytes_max)
        self._limits = Limits(settings.payload_bytes_max, nodes_max=settings.nodes_max)
        self._schema = schema
        self._cache = None
        if settings.cache_dir:
            self._cache = Cache(
                settings.cache_dir,
                settings.path,
                schema.name,
                settings.payload_bytes_max,
            )
        self._outlets = outlets
        self._poll_seconds = settings.poll_seconds
        self._seen_digest = ""
        self._known = NO_DOCUMENTS
        self._published: Live | None = None
        # What is known to be in the cache, and why what is live is not.
        self._kept: Live | None = None
        self._unkept_because = ""
        self._began = 0.0
        self._looked_at = 0.0
        self._journal = Journal(settings.path, schema, outlets.status, outlets.history)
        self._attempts = Attempts(self._journal, settings.cache_dir)
        version_min = max(version_min, self.status.version)
        outlets.config.writer.skip(version_min)
        self._resume(version_min)

    @property
    def status(self) -> PublisherStatus:
        """The state, as it was told last."""
        return self._journal.status

    @property
    def has_config(self) -> bool:
        """Whether it could publish what is live again, if that were overwritten."""
        return self._published is not None

    def refresh(self) -> bool:
        """
        Read the source and publish it if it is good and new; never raise for it.

        A record that others have overwritten is made whole again. The status is written
        in any case: by that the master knows that this process is well.

        Returns:
            whether there was a source, good or not.
        """
        self._began = time.perf_counter()
        self._looked_at = time.time()
        try:
            reading = self._source.read()
        except SourceUnavailableError as error:
            self._seen_digest = ""
            self._journal.missed(error)
        except InvalidConfigError as error:
            self._journal.found()
            self._seen_digest = ""
            self._journal.rejected("", error)
        else:
            self._journal.found()
            self._consider(reading)
        self._mend()
        self._keep()
        self._journal.checked(self._looked_at, self._poll_seconds)
        return self.status.missing is None

    def fall_back(self, on_missing: str) -> None:
        """
        Publish what there is for a start without a good source, if there is anything.

        Args:
            on_missing: `defaults` publishes the schema's own, where no source is there;
                `wait` tells that the next good source is waited for.
        """
        payload = self._cached()
        if payload is not None:
            self._publish_fallback("cache", payload)
        elif on_missing == "defaults" and self.status.missing is not None:
            self._publish_defaults()
        if on_missing == "wait" and not self.status.version:
            self._journal.waits()

    @property
    def is_wary(self) -> bool:
        """Whether the publisher before has died over the source, and none serves."""
        return self._attempts.has_death and not self.has_config

    def close(self) -> None:
        """End in order: what was given up is tried again by whoever comes next."""
        self._attempts.end()

    def set_mode(self, mode: str, reason: str) -> None:
        """Note that the source is watched otherwise from now on, and why."""
        self._journal.mode_changed(mode, reason)

    def _cached(self) -> bytes | None:
        if self._cache is None:
            return None
        payload, problems = self._cache.load()
        for problem in problems:
            log.warning("%s", printable(problem))
        return payload

    def _publish_defaults(self) -> None:
        try:
            packed = self._schema.pack(self._schema.validate({}))
        except SchemaError as error:
            log.error("there are no defaults to start from: %s", error)
        else:
            self._publish_fallback("defaults", packed.payload)

    def _publish_fallback(self, origin: str, payload: bytes) -> None:
        try:
            digest, config = self._schema.unpack(payload)
        except (CorruptRecordError, UnfitConfigError) as error:
            log.warning("the cached config does not fit the schema: %s", error)
            return
        version = self._publish(Live(payload, config))
        self._journal.fell_back(self._published_at(), version, digest, origin)

    def _publish(self, live: Live) -> int:
        """Publish a config, wake the workers, and return the version."""
        version = self._outlets.config.writer.publish(live.payload)
        self._outlets.published.send()
        self._published = live
        return version

    def _keep(self) -> None:
        """Have the cache hold what is live, whoever published it, if it can."""
        live = self._published
        if self._cache is None or live is None or live is self._kept:
            return
        # Defaults are there anyway, and what is from the cache is in it.
        if self.status.origin != "source":
            return
        try:
            self._cache.store(live.payload)
        except (OSError, CacheError) as error:
            problem = printable(str(error))
            if problem != self._unkept_because:
                log.error("the last good config is not kept on disk: %s", problem)
            self._unkept_because = problem
        else:
            self._kept = live
            if self._unkept_because:
                log.info("the last good config is kept on disk again")
            self._unkept_because = ""

    def _resume(self, version_min: int) -> None:
        record = self._outlets.config.record
        try:
            if not record.is_whole(version_min):
                raise CorruptRecordError("it was overwritten by something else")
            publication = record.read()
            if publication is not None:
                digest, config = self._schema.unpack(publication.payload)
                self._published = Live(publication.payload, config)
                published_at = publication.published_at_ns / 1e9
                self._journal.resumed(published_at, publication.version, digest)
        except (CorruptRecordError, UnfitConfigError) as error:
            # Damaged, or made by another schema: whatever the source holds is new.
            self._journal.unreadable(error)
        # The publisher before may have died between its publication and this.
        self._outlets.published.send()

    def _mend(self) -> None:
        self._journal.mend()
        record = self._outlets.config.record
        if self._published is None or record.is_whole(self.status.version):
            return
        version = self._publish(self._published)
        self._journal.published_again(self._published_at(), version)

    def _consider(self, reading: Reading) -> None:
        if reading.digest == self._seen_digest:
            self._journal.rejected_again(reading.digest)
            return
        self._seen_digest = reading.digest
        if self._attempts.begin(reading.digest):
            self._try(reading)
            self._attempts.end()
        else:
            self._give_up(reading)

    def _give_up(self, reading: Reading) -> None:
        problem = (
            f"{ATTEMPTS_MAX} publishers have died over this content, or were killed "
            "because they hung, so it is not tried again until it changes: make it "
            "smaller, or look into the schema's own code, and reload"
        )
        error = InvalidConfigError(reading.path, 0, 0, "", problem)
        self._journal.rejected(
            reading.digest, error, changed_at=reading.changed_at_ns() / 1e9
        )

    def _try(self, reading: Reading) -> None:
        try:
            candidate = load(reading.files, self._schema, self._limits, self._known)
            # Not that of a single file, which is parsed only if it has changed.
            several = len(candidate.documents) > 1
            self._known = candidate.documents if several else NO_DOCUMENTS
            self._accept(reading, candidate)
        except InvalidConfigError as error:
            self._reject(reading, error)
        except PayloadTooLargeError as error:
            self._reject(
                reading, InvalidConfigError(reading.path, 0, 0, "", str(error))
            )

    def _accept(self, reading: Reading, candidate: Candidate[Any]) -> None:
        if candidate.digest == self.status.digest:
            self._journal.unchanged()
        else:
            before = self._published
            version = self._publish(Live(candidate.payload, candidate.config))
            # All that is only told is found out after the publication.
            self._tell_published(version, before, reading, candidate)
        unknown_keys = self._schema.unknown_keys(candidate.data)
        self._journal.unknown_keys(unknown_keys, reading.path)
        names, unknown = self._schema.key_names, frozenset(unknown_keys)
        self._journal.warned(tuple(warnings(candidate.documents, names, unknown)))

    def _tell_published(
        self,
        version: int,
        before: Live | None,
        reading: Reading,
        candidate: Candidate[Any],
    ) -> None:
        seconds = self._seconds()
        changed: tuple[KeyPath, ...] = ()
        changes: tuple[Change, ...] = ()
        if before is not None:
            changed = changed_key_paths(before.payload, candidate.payload)
            changes = self._schema.changes(
                before.config, candidate.config, changed[:CHANGES_MAX]
            )
        self._journal.published(
            Published(
                self._published_at(),
                version,
                candidate.digest,
                reading.path,
                self._changed_at(reading),
                seconds,
                is_first=before is None,
                changed=changed,
                changes=changes,
                restart_keys=tuple(filter(self._schema.needs_restart, changed)),
            )
        )

    def _reject(self, reading: Reading, error: InvalidConfigError) -> None:
        self._journal.rejected(
            reading.digest,
            error,
            excerpt=self._excerpt(reading, error),
            changed_at=self._changed_at(reading),
            seconds=self._seconds(),
        )

    def _excerpt(
        self, reading: Reading, error: InvalidConfigError
    ) -> tuple[ExcerptLine, ...]:
        names = self._schema.key_names
        shown = names.own if names.secrecy else None
        for file in reading.files:
            if file.path == error.path:
                place = error.line, error.column
                return excerpt(file.content, file.path, *place, shown)
        return ()

    def _changed_at(self, reading: Reading) -> float:
        """Return when the source changed, 0.0 if it did before the last look at it."""
        changed_at = reading.changed_at_ns() / 1e9
        seen_at = self.status.checked_at or self.status.started_at
        return changed_at if changed_at + _CLOCK_STEP_SECONDS > seen_at else 0.0

    def _published_at(self) -> float:
        return self._outlets.config.writer.published_at_ns / 1e9

    def _seconds(self) -> float:
        return time.perf_counter() - self._began
