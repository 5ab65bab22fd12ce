"""
What happens after "the source may have changed": publish, reject, or wait on.

Owns: what is published and when, what is kept for a start without a good source.
Must not know: how a change is noticed, gunicorn, HTTP, how bytes lie in memory.
Runs in: the publisher process.

It may be killed at any instruction: all it needs it reads anew when it starts again.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

from liveconfig.errors import (
    CorruptRecordError,
    InvalidConfigError,
    KeyPath,
    PayloadTooLargeError,
    SourceUnavailableError,
    UnfitConfigError,
)
from liveconfig.masking.excerpt import ExcerptLine, excerpt
from liveconfig.memory.history import CHANGES_MAX
from liveconfig.memory.status import PublisherStatus
from liveconfig.publishing import events
from liveconfig.publishing.attempts import ATTEMPTS_MAX, Attempts
from liveconfig.publishing.guard import Guard
from liveconfig.publishing.journal import Journal
from liveconfig.publishing.keeper import Keeper, cache_of
from liveconfig.publishing.outlets import Outlets
from liveconfig.publishing.releases import Live, Releases
from liveconfig.publishing.trials import Trials
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import NO_DOCUMENTS, Candidate, load, warnings
from liveconfig.reading.source import Reading, Source
from liveconfig.schema.changes import Change
from liveconfig.schema.schema import Schema, SchemaError, changed_key_paths
from liveconfig.sentences.of_config import GIVEN_UP
from liveconfig.settings import Settings
from liveconfig.trial.course import Step, step

# How much a filesystem's clock may be behind, as it goes in steps.
_CLOCK_STEP_SECONDS = 0.02
# How many doubtful values of one source are shown, and how much of each: the author of
# more has one mistake, and the record of the status an end.
_WARNINGS_MAX = 20
_WARNING_CHARACTERS_MAX = 1000


class Publisher:
    """
    Keep one record up to date with one source.

    `refresh` is the only thing that ever happens; the watcher calls it. What it finds
    out are events: from these the journal makes status, history and log.
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
        cache = cache_of(settings, schema)
        has_trials = settings.trial != "off"
        self._releases = Releases(outlets, schema, has_trials=has_trials)
        self._guard = Guard(settings, schema, cache)
        self._poll_seconds = settings.poll_seconds
        self._seen_digest = ""
        self._known = NO_DOCUMENTS
        self._began = 0.0
        self._looked_at = 0.0
        self._journal = Journal(settings.path, schema, outlets.status, outlets.history)
        self._attempts = Attempts(self._journal, settings.cache_dir)
        self._keeper = Keeper(cache, self._journal, self._releases)
        self._trials = Trials(
            settings, self._journal, self._releases, outlets.workers, cache
        )
        version_min = max(version_min, self.status.version)
        self._resume(version_min)

    @property
    def status(self) -> PublisherStatus:
        """What all others see of its state."""
        return self._journal.state.status

    @property
    def has_config(self) -> bool:
        """Whether it could publish what is live again, if that were overwritten."""
        return self._releases.live is not None

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
            self._note(events.Missing(time.time(), error))
        except InvalidConfigError as error:
            self._note(events.Found())
            self._seen_digest = ""
            self._note(events.Rejected(time.time(), "", error))
        else:
            self._note(events.Found())
            self._consider(reading)
        self._mend()
        self._settle()
        self._note(events.Checked(self._looked_at, self._poll_seconds))
        return self.status.missing is None

    @property
    def next_look(self) -> float:
        """When `look` is due, by the monotonic clock; infinite without a trial."""
        return self._trials.next_look

    def look(self) -> None:
        """See how what is on trial fares, and go back if it must not stay."""
        was_on_trial = self.status.trial is not None
        if self._trials.look():
            # What the source holds is not what it was before.
            self._seen_digest = ""
            self.refresh()
        elif was_on_trial and self.status.trial is None:
            self._settle()

    def renew(self, *, is_awaited: bool) -> None:
        """
        Try again what was condemned, since the code is another one.

        Args:
            is_awaited: whether workers with the code of before are still to end.
        """
        self._trials.renew(is_awaited=is_awaited)

    def fall_back(self, on_missing: str) -> None:
        """
        Publish what there is for a start without a good source, if there is anything.

        Args:
            on_missing: `defaults` publishes the schema's own, where no source is there;
                `wait` waits for the next good source.
        """
        payload = self._keeper.load()
        if payload is not None:
            self._publish_fallback("cache", payload)
        elif on_missing == "defaults" and self.status.missing is not None:
            self._publish_defaults()
        if on_missing == "wait" and not self.status.version:
            self._note(events.Waiting())

    @property
    def is_wary(self) -> bool:
        """Whether the publisher before has died over the source, and none serves."""
        return self._attempts.has_death and not self.has_config

    def close(self) -> None:
        """End in order: what was given up is tried again by whoever comes next."""
        self._attempts.end()
        self._trials.close()

    def set_mode(self, mode: str, reason: str) -> None:
        """Note that the source is watched otherwise from now on, and why."""
        self._note(events.ModeChanged(mode, reason))

    def _publish_defaults(self) -> None:
        try:
            packed = self._schema.pack(self._schema.validate({}))
        except SchemaError as error:
            self._note(events.NoDefaults(error))
        else:
            self._publish_fallback("defaults", packed.payload)

    def _publish_fallback(self, origin: str, payload: bytes) -> None:
        try:
            digest, config = self._schema.unpack(payload)
        except (CorruptRecordError, UnfitConfigError) as error:
            self._note(events.CacheUnfit(error))
            return
        self._fall_back_to(self._releases.publish(digest, payload, config, origin))

    def _fall_back_to(self, live: Live) -> None:
        self._trials.prove()
        at = self._releases.published_at
        self._note(events.FellBack(at, live.version, live.digest, live.origin))

    def _resume(self, version_min: int) -> None:
        try:
            at = self._releases.resume(version_min, self.status)
        except (CorruptRecordError, UnfitConfigError) as error:
            # Damaged, or made by another schema: whatever the source holds is new.
            self._note(events.Unreadable(error))
        else:
            if (live := self._releases.live) is not None:
                self._note(events.Resumed(at, live.version, live.digest))
        self._trials.resume()
        self._releases.wake_workers()

    def _settle(self) -> None:
        # In this order: while the cache lacks what is proven, its trial is not over.
        self._keeper.keep()
        self._trials.settle()

    def _mend(self) -> None:
        self._journal.mend()
        self._releases.mend_proven()
        self._releases.mend_offer()
        if self._releases.is_overwritten():
            live = self._releases.restore()
            self._note(events.PublishedAgain(self._releases.published_at, live.version))

    def _consider(self, reading: Reading) -> None:
        if reading.digest == self._seen_digest:
            self._note(events.SeenAgain(reading.digest))
            return
        self._seen_digest = reading.digest
        if self._attempts.begin(reading.digest):
            self._try(reading)
            self._attempts.end()
        else:
            self._give_up(reading)

    def _give_up(self, reading: Reading) -> None:
        problem = GIVEN_UP.line(ATTEMPTS_MAX)
        error = InvalidConfigError(reading.path, 0, 0, "", problem)
        changed_at = reading.changed_at_ns() / 1e9
        self._note(
            events.Rejected(time.time(), reading.digest, error, changed_at=changed_at)
        )

    def _try(self, reading: Reading) -> None:
        try:
            candidate = load(reading.files, self._schema, self._limits, self._known)
            # Not that of a single file, which is parsed only if it has changed.
            several = len(candidate.documents) > 1
            self._known = candidate.documents if several else NO_DOCUMENTS
            history = self._journal.state.history
            self._guard.require_near(candidate, self._releases.live, history)
            self._accept(reading, candidate)
        except InvalidConfigError as error:
            self._reject(reading, error)
        except PayloadTooLargeError as error:
            self._reject(
                reading, InvalidConfigError(reading.path, 0, 0, "", str(error))
            )

    def _accept(self, reading: Reading, candidate: Candidate[Any]) -> None:
        before, digest = self._releases.live, candidate.digest
        other = before or self._releases.proven
        live_digest = before.digest if before else ""
        match step(self.status, digest, live_digest, has_other=other is not None):
            case Step.STAY:
                self._releases.confirm()
                self._note(events.Unchanged())
                self._trials.begin()
            case Step.REFUSE:
                self._trials.refuse(digest)
                if before is None:
                    self._fall_back_to(self._releases.go_back())
            case Step.PROVE | Step.TRY | Step.SERVE as chosen:
                self._put_out(reading, candidate, chosen)
        self._note_doubts(reading, candidate)

    def _put_out(
        self, reading: Reading, candidate: Candidate[Any], chosen: Step
    ) -> None:
        before = self._releases.live
        parts = candidate.digest, candidate.payload, candidate.config
        if chosen is Step.TRY:
            live = self._trials.put_out(*parts)
        else:
            live = self._releases.publish(*parts)
        if chosen is Step.PROVE:
            self._trials.prove()
        else:
            self._trials.begin()
        # All that is only shown is found out after the publication.
        self._note_published(live, before, reading)
        if chosen is Step.SERVE:
            self._trials.refuse(live.digest)

    def _note_doubts(self, reading: Reading, candidate: Candidate[Any]) -> None:
        names, keys = self._schema.key_names, self._schema.unknown_keys(candidate.data)
        unknown = events.Keys.of(keys, names.of_unknown)
        self._note(events.UnknownKeys(reading.path, unknown))
        doubtful = warnings(candidate.documents, names, frozenset(keys))
        texts = map(str, islice(doubtful, _WARNINGS_MAX))
        cut = tuple(text[:_WARNING_CHARACTERS_MAX] for text in texts)
        self._note(events.Doubtful(cut))

    def _note_published(
        self, live: Live, before: Live | None, reading: Reading
    ) -> None:
        seconds = self._seconds()
        changed: tuple[KeyPath, ...] = ()
        changes: tuple[Change, ...] = ()
        if before is not None:
            changed = changed_key_paths(before.payload, live.payload)
            changes = self._schema.changes(
                before.config, live.config, changed[:CHANGES_MAX]
            )
        named = self._schema.key_names.of_config
        restart_keys = tuple(filter(self._schema.needs_restart, changed))
        self._note(
            events.Published(
                self._releases.published_at,
                live.version,
                live.digest,
                reading.path,
                self._changed_at(reading),
                seconds,
                is_first=before is None,
                changed=events.Keys.of(changed, named),
                changes=changes,
                restart_keys=events.Keys.of(restart_keys, named),
            )
        )

    def _reject(self, reading: Reading, error: InvalidConfigError) -> None:
        seconds = self._seconds()
        self._note(
            events.Rejected(
                time.time(),
                reading.digest,
                error,
                excerpt=self._excerpt(reading, error),
                changed_at=self._changed_at(reading),
                seconds=seconds,
            )
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

    def _note(self, event: events.Event) -> None:
        self._journal.note(event)

    def _seconds(self) -> float:
        return time.perf_counter() - self._began
