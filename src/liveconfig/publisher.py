"""
What happens after "the source may have changed": publish, reject, or wait on.

Owns: the last good config, the rejected candidate, the publisher's status and log.
Must not know: how a change is noticed, gunicorn, HTTP, how bytes lie in memory.
Runs in: the publisher process.

It may be killed at any instruction: all it needs it reads anew when it starts again.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from liveconfig.cache import Cache
from liveconfig.document import Limits
from liveconfig.errors import (
    CorruptRecordError,
    InvalidConfigError,
    KeyPath,
    PayloadTooLargeError,
    SourceUnavailableError,
    format_key_path,
)
from liveconfig.loader import Candidate, load
from liveconfig.record import Record, Writer
from liveconfig.schema import Schema, SchemaError, changed_key_paths
from liveconfig.settings import Settings
from liveconfig.source import Reading, Source
from liveconfig.status import Missing, Problem, PublisherStatus, Rejected

_KEYS_IN_LOG_MAX = 20
_KEYS_IN_STATUS_MAX = 100
_PROBLEM_CHARACTERS_MAX = 1000

log = logging.getLogger("liveconfig.publisher")


class Channel:
    """A record together with its writer, claimed for as long as this object lives."""

    def __init__(self, descriptor: int) -> None:
        """
        Attach to the record and claim it.

        Raises:
            RecordClaimedError: another publisher is alive.
        """
        self.record = Record(descriptor)
        self.writer = Writer(descriptor)


class Publisher:
    """
    Keep one record up to date with one source.

    `refresh` is the only thing that ever happens; the watcher calls it. What it found
    out is in `status`, which goes to the second record whenever it changes.
    """

    def __init__(
        self, settings: Settings, schema: Schema[Any], config: Channel, status: Channel
    ) -> None:
        """Prepare to publish; go on from what the records hold."""
        self._source = Source(settings.path, settings.payload_bytes_max)
        self._limits = Limits(bytes_max=settings.payload_bytes_max)
        self._schema = schema
        self._cache = Cache(settings.cache_dir) if settings.cache_dir else None
        self._config_channel = config
        self._status_channel = status
        self._seen_digest = ""
        self._is_unkept = False
        self._published: bytes | None = None
        self._told: PublisherStatus | None = None
        self.status = _status_before(status.record, settings, schema)
        config.writer.skip(self.status.version)
        self._resume()

    def refresh(self) -> bool:
        """
        Read the source and publish it if it is good and new; never raise for it.

        A record that others have overwritten is made whole again. The status is written
        in any case: by that the master knows that this process is well.

        Returns:
            whether there was a source, good or not.
        """
        try:
            reading = self._source.read()
        except SourceUnavailableError as error:
            self._miss(error)
        except InvalidConfigError as error:
            self._found()
            self._reject("", error)
        else:
            self._found()
            self._consider(reading)
        self._mend()
        if self._is_unkept and self._published is not None:
            self._store(self._published)
        self._report(checked_at=time.time())
        return self.status.missing is None

    def fall_back(self, on_missing: str) -> None:
        """
        Publish what there is for a start without a good source, if there is anything.

        Args:
            on_missing: `defaults` publishes the schema's own, where no source is there.
        """
        payload = self._cached()
        if payload is not None:
            self._publish_fallback("cache", payload)
        elif on_missing == "defaults" and self.status.missing is not None:
            try:
                config = self._schema.validate({}).config
            except SchemaError as error:
                log.error(
                    "there are no defaults to start from: %s: %s",
                    format_key_path(error.keys),
                    error.problem,
                )
            else:
                self._publish_fallback("defaults", self._schema.pack(config).payload)

    def set_mode(self, mode: str, reason: str) -> None:
        """Note and log that the source is watched otherwise from now on, and why."""
        if mode == "polling":
            log.warning("no inotify (%s): the source is read once a second", reason)
        else:
            log.info("%s: changes are seen at once again", reason)
        self._report(mode=mode)

    def _cached(self) -> bytes | None:
        if self._cache is None:
            return None
        payload, problems = self._cache.load()
        for problem in problems:
            log.warning("%s", problem)
        return payload

    def _publish_fallback(self, origin: str, payload: bytes) -> None:
        try:
            digest, _ = self._schema.unpack(payload)
        except CorruptRecordError as error:
            log.warning("the cached config does not fit the schema: %s", error)
            return
        version = self._config_channel.writer.publish(payload)
        self._published = payload
        self._report(
            version=version, digest=digest, published_at=time.time(), origin=origin
        )
        log.error(
            "version %d is live from the %s, %s, because the source is no good: %s",
            version,
            origin,
            digest,
            _reason(self.status),
        )

    def _store(self, payload: bytes) -> None:
        if self._cache is None:
            return
        was_unkept, self._is_unkept = self._is_unkept, False
        try:
            self._cache.store(payload)
        except OSError as error:
            self._is_unkept = True
            if not was_unkept:
                log.error("the last good config is not kept on disk: %s", error)
        else:
            if was_unkept:
                log.info("the last good config is kept on disk again")

    def _resume(self) -> None:
        record = self._config_channel.record
        try:
            if not record.is_whole(self.status.version):
                raise CorruptRecordError("it was overwritten by something else")
            publication = record.read()
            if publication is not None:
                digest, _ = self._schema.unpack(publication.payload)
                self._published = publication.payload
                self._report(version=publication.version, digest=digest)
        except CorruptRecordError as error:
            # Damaged, or made by another schema: whatever the source holds is new.
            log.warning("the last publication cannot be read any more: %s", error)
            self._report(digest="")

    def _mend(self) -> None:
        channel = self._config_channel
        if self._published is None or channel.record.is_whole(self.status.version):
            return
        version = channel.writer.publish(self._published)
        log.critical(
            "the record was overwritten by something else: what was live is published "
            "again, as version %d",
            version,
        )
        self._report(version=version, published_at=time.time())

    def _consider(self, reading: Reading) -> None:
        if reading.digest == self._seen_digest:
            self._count_try(reading.digest)
            return
        self._seen_digest = reading.digest
        try:
            candidate = load(reading.files, self._schema, self._limits)
            self._accept(reading, candidate)
        except InvalidConfigError as error:
            self._reject(reading.digest, error)
        except PayloadTooLargeError as error:
            self._reject(
                reading.digest, InvalidConfigError(reading.path, 0, 0, "", str(error))
            )

    def _accept(self, reading: Reading, candidate: Candidate[Any]) -> None:
        unknown_keys = _first(candidate.unknown_keys)
        is_news = unknown_keys and unknown_keys != self.status.unknown_keys
        accepted = {
            "unknown_keys": unknown_keys,
            "unknown_count": len(candidate.unknown_keys),
            "rejected": None,
            "origin": "source",
        }
        if candidate.digest != self.status.digest:
            version = self._config_channel.writer.publish(candidate.payload)
            self._published_version(version, reading, candidate, accepted)
        else:
            if self.status.rejected is not None:
                log.info(
                    "the source is good again, version %d stays", self.status.version
                )
            self._report(**accepted)
        if is_news:
            log.warning(
                "%s: the schema does not know %s; check the spelling",
                reading.path,
                _listed(candidate.unknown_keys),
            )

    def _published_version(
        self,
        version: int,
        reading: Reading,
        candidate: Candidate[Any],
        accepted: dict[str, Any],
    ) -> None:
        published_at = time.time()
        changed_at = reading.changed_at_ns() / 1e9
        before, self._published = self._published, candidate.payload
        changed = () if before is None else changed_key_paths(before, candidate.payload)
        self._report(
            version=version,
            digest=candidate.digest,
            published_at=published_at,
            changed_at=changed_at,
            changed_keys=_first(changed),
            changed_count=len(changed),
            **accepted,
        )
        if before is None:
            log.info(
                "version %d is live, %s, from %s",
                version,
                candidate.digest,
                reading.path,
            )
        else:
            log.info(
                "version %d is live, %s, changed: %s, %.1f ms after the change of %s",
                version,
                candidate.digest,
                _listed(changed),
                max(0.0, published_at - changed_at) * 1e3,
                reading.path,
            )
        self._store(candidate.payload)

    def _reject(self, digest: str, error: InvalidConfigError) -> None:
        problem = Problem(
            error.path,
            error.line,
            error.column,
            error.key,
            error.problem[:_PROBLEM_CHARACTERS_MAX],
        )
        before = self.status.rejected
        if before is not None and (before.digest, before.error) == (digest, problem):
            self._count_try(digest)
            return
        self._seen_digest = digest
        if self.status.version:
            log.error("rejected, version %d stays: %s", self.status.version, error)
        self._report(rejected=Rejected(digest, problem, time.time(), 1))

    def _count_try(self, digest: str) -> None:
        rejected = self.status.rejected
        if rejected is not None and rejected.digest == digest:
            self._report(
                rejected=msgspec.structs.replace(rejected, tries=rejected.tries + 1)
            )

    def _miss(self, error: SourceUnavailableError) -> None:
        if self.status.missing is None:
            if self.status.version:
                log.error("missing, version %d stays: %s", self.status.version, error)
            self._report(missing=Missing(str(error), time.time()))

    def _found(self) -> None:
        if self.status.missing is not None:
            log.info("%s is back", self.status.source)
            self._report(missing=None)

    def _report(self, **changes: Any) -> None:
        self.status = msgspec.structs.replace(self.status, **changes)
        if self.status != self._told:
            self._told = self.status
            self._status_channel.writer.publish(self.status.to_bytes())


def _status_before(
    record: Record, settings: Settings, schema: Schema[Any]
) -> PublisherStatus:
    """Return the state that the publisher before left, under this one's name."""
    status = PublisherStatus(os.getpid(), time.time(), settings.path, schema.name)
    try:
        publication = record.read()
        if publication is None:
            return status
        before = PublisherStatus.from_bytes(publication.payload)
    except CorruptRecordError:
        return status
    return msgspec.structs.replace(
        before,
        pid=status.pid,
        started_at=status.started_at,
        starts=before.starts + 1,
        source=status.source,
        schema=status.schema,
        mode=status.mode,
    )


def _first(keys: Sequence[KeyPath]) -> tuple[str, ...]:
    return tuple(map(format_key_path, keys[:_KEYS_IN_STATUS_MAX]))


def _listed(keys: Sequence[KeyPath]) -> str:
    text = ", ".join(map(format_key_path, keys[:_KEYS_IN_LOG_MAX]))
    more = len(keys) - _KEYS_IN_LOG_MAX
    return f"{text} and {more} more" if more > 0 else text


def _reason(status: PublisherStatus) -> str:
    if status.missing is not None:
        return status.missing.problem
    assert status.rejected is not None
    return str(status.rejected.error.as_exception())
