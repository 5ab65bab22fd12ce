"""
The trial of what is live, from its begin to its end.

Owns: when a trial begins, is looked at and ends; going back to the proven config.
Must not know: the source, by which rules a config is judged, who counts.
Runs in: the publisher process.

It may be killed at any instruction: what is on trial, proven and condemned stands in
the status, what is proven in a record of its own, and a successor goes on from both.
"""

from __future__ import annotations

import math
import time
from typing import Any

from liveconfig.errors import printable
from liveconfig.memory.status import PublisherStatus
from liveconfig.memory.trial import Figures, Proven, Trial, Withdrawn
from liveconfig.memory.worker_table import WorkerTable
from liveconfig.publishing import events
from liveconfig.publishing.cache import Cache
from liveconfig.publishing.journal import Journal
from liveconfig.publishing.releases import Live, Releases
from liveconfig.publishing.trial_notes import TrialNotes
from liveconfig.settings import TRIAL_SECONDS, Settings
from liveconfig.trial import canary
from liveconfig.trial.course import is_to_be_tried, verdict_on_interrupted
from liveconfig.trial.judge import Evidence, judge

# Often enough that what fails every request is taken back well within a second. At
# first, when most that hurts is seen to, so often that no more than 40 requests fail
# of the 1,000 that are asked in each second.
_LOOK_SECONDS = 0.05
_EARLY_LOOK_SECONDS = 0.005
_EARLY_SECONDS = 1.0
# So long the workers of before a reload may take to end.
_LEAVE_SECONDS_MAX = 60.0


class Trials:
    """What is on trial, and what follows from how it fares."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        releases: Releases,
        workers: WorkerTable,
        cache: Cache | None,
    ) -> None:
        """
        Prepare; nothing is done before `resume`.

        Args:
            settings: how is tried, for how long, and where it is noted as well.
            journal: notes what happens, and knows what did.
            releases: what is live and what is proven.
            workers: how each version fares.
            cache: what was proven before this service started.
        """
        self._mode = settings.trial
        self._seconds = settings.trial_seconds or TRIAL_SECONDS
        self._journal = journal
        self._releases = releases
        self._workers = workers
        self._cache = cache
        self._notes = TrialNotes(settings.cache_dir)
        self._looked = 0.0
        # As many as are meant to serve: also one that boots, or is dead right now.
        self._workers_max = 1
        # The workers that are to end before what is condemned is tried again.
        self._leaving: frozenset[int] | None = None
        self._leave_deadline = 0.0

    @property
    def next_look(self) -> float:
        """When to look again, by the monotonic clock; infinite without a trial."""
        trial = self._status.trial
        if trial is None and self._leaving is None:
            return math.inf
        if trial is not None and self._looked < trial.began + _EARLY_SECONDS:
            return self._looked + _EARLY_LOOK_SECONDS
        return self._looked + _LOOK_SECONDS

    def resume(self) -> None:
        """Go on from what the publisher before has left, or the service before."""
        self._see_workers()
        status, live = self._status, self._releases.live
        if self._mode == "off":
            self._forget()
            if status.trial is not None:
                self.prove()
        if status.proven is not None:
            self._releases.find_proven(status.proven)
        if self._releases.proven is None and self._mode != "off":
            self._recall(is_first=live is None and not status.version)
        condemned = self._status.condemned_as(live.digest) if live else None
        if condemned is not None and self._releases.proven is not None:
            self._go_back(condemned.before)
        if self._releases.proven is None:
            # Nobody knows any more what all others have.
            self._releases.promote()
        trial = self._status.trial
        if trial is not None and not self._releases.is_offered:
            self._journal.note(events.WentOn(trial.with_values(mode="watch", worker=0)))
        self.begin()
        if self._status.trial is not None:
            self._notes.begin(self._status.trial.digest)
        if self._status.condemned:
            # The publisher before may have died before it did.
            self._store_condemned()

    def put_out(self, digest: str, payload: bytes, config: Any) -> Live:
        """Publish what is to be tried, for all workers or for one."""
        if self._mode != "canary" or not self._releases.may_offer:
            return self._releases.publish(digest, payload, config)
        if not self._releases.is_offered:
            rows, version = self._workers.serving(), self._releases.version_of_all
            self._releases.address(canary.choice(rows, version))
        return self._releases.offer(digest, payload, config)

    def begin(self) -> None:
        """Begin the trial of what is live, unless that was judged or has begun."""
        live = self._releases.live
        if live is None or not is_to_be_tried(self._status, live.digest):
            return
        if self._mode == "off":
            self.prove()
        else:
            self._begin(live, Figures())

    def prove(self) -> None:
        """Take what is live for proven."""
        self._releases.promote()
        live, trial, now = self._releases.live, self._status.trial, time.monotonic()
        assert live is not None
        before, figures = self._status.proven, Figures()
        if before is not None and before.digest == live.digest:
            # Something else was tried meanwhile.
            proven = self._as_now_live(before, live, self._before(now))
        else:
            at, began, counted = time.time(), now, Figures()
            if trial is not None and trial.digest == live.digest:
                began, counted = trial.began, counted.since(trial.start)
                figures = self._figures(trial, now)
                if trial.version != live.version:
                    began, counted = now, figures
            proven = Proven(live.version, live.digest, at, began, counted, live.origin)
        self._journal.note(events.Passed(proven, figures))
        self._releases.prove()

    def refuse(self, digest: str) -> None:
        """Leave a config that was condemned where it is: in the source."""
        condemned = self._status.condemned_as(digest)
        assert condemned is not None
        self._journal.note(events.Refused(condemned))

    def look(self) -> bool:
        """
        Judge what is on trial by what was counted so far.

        Returns:
            whether what was condemned may be tried again from now on.
        """
        now = self._looked = time.monotonic()
        is_renewed = self._renew_if_due(now)
        trial = self._status.trial
        if trial is not None:
            figures = self._figures(trial, now)
            if reason := self._reason(trial, figures):
                self._condemn(trial, reason, figures)
            elif now >= self._look_after(trial, figures, now).deadline:
                self.prove()
        return is_renewed

    def renew(self, *, is_awaited: bool) -> None:
        """
        Try again what was condemned, since the code is another one.

        Args:
            is_awaited: whether workers with the code of before are still to end: by
                these it must not be judged.
        """
        self._count_anew()
        if self._status.trial is None and not self._status.condemned:
            return
        rows = self._workers.rows() if is_awaited else ()
        self._leaving = frozenset(row.pid for row in rows)
        self._leave_deadline = time.monotonic() + _LEAVE_SECONDS_MAX

    def settle(self) -> None:
        """Note that nothing is on trial, if so, after the cache has what is proven."""
        if self._status.trial is None:
            self._notes.end()

    def close(self) -> None:
        """End in order."""
        if self._status.trial is not None:
            self._notes.interrupt()

    @property
    def _status(self) -> PublisherStatus:
        return self._journal.state.status

    def _begin(self, live: Live, start: Figures) -> None:
        now = time.monotonic()
        self._see_workers()
        is_offered = self._releases.is_offered
        trial = Trial(
            version=live.version,
            digest=live.digest,
            mode="canary" if is_offered else "watch",
            began_at=time.time(),
            began=now,
            deadline=now + self._seconds,
            before=self._before(now),
            start=start,
            seconds=self._seconds,
            worker=self._releases.addressee if is_offered else 0,
        )
        # First on the disk: whoever sees the trial knows that a start will know of it.
        self._notes.begin(live.digest)
        self._journal.note(events.Begun(trial))

    def _condemn(self, trial: Trial, reason: str, figures: Figures) -> None:
        now = time.time()
        withdrawn = Withdrawn(
            trial.version, trial.digest, now, reason, figures, trial.before
        )
        proven = self._releases.proven
        # A successor that finds this, and the config still live, goes back as well.
        self._journal.note(events.Condemned(withdrawn, is_served=proven is None))
        if proven is not None:
            self._go_back(trial.before)
        self._store_condemned()

    def _store_condemned(self) -> None:
        if problem := self._notes.store(self._status.condemned):
            what = "and what was taken back is served again after a restart"
            self._journal.note(events.NotKept(printable(f"{problem}, {what}")))

    def _go_back(self, before: Figures) -> None:
        """Publish the proven config again."""
        proven = self._status.proven
        assert proven is not None
        live = self._releases.go_back()
        at = self._releases.published_at
        self._journal.note(events.WentBack(at, self._as_now_live(proven, live, before)))

    def _as_now_live(self, proven: Proven, live: Live, before: Figures) -> Proven:
        now = time.monotonic()
        return Proven(live.version, live.digest, proven.at, now, before, live.origin)

    def _recall(self, *, is_first: bool) -> None:
        """Find out what was proven and condemned before this service started."""
        payload = self._cache.load()[0] if self._cache is not None else None
        proven = None
        if payload is not None and self._releases.take_proven(payload, "cache"):
            assert self._releases.proven is not None
            digest = self._releases.proven.digest
            proven = Proven(0, digest, 0.0, time.monotonic(), origin="cache")
        condemned = self._status.condemned
        if is_first:
            condemned = self._condemned_before(proven)
        if (proven, condemned) != (self._status.proven, self._status.condemned):
            self._journal.note(events.Recalled(proven, condemned))

    def _condemned_before(self, proven: Proven | None) -> tuple[Withdrawn, ...]:
        condemned = self._notes.withdrawn()
        interrupted = self._notes.interrupted()
        if interrupted is None or (proven and proven.digest == interrupted.digest):
            return condemned
        reason = verdict_on_interrupted(
            interrupted.times,
            is_sudden=interrupted.is_sudden,
            has_proven=proven is not None,
        )
        if not reason:
            return condemned
        return (*condemned, Withdrawn(0, interrupted.digest, time.time(), reason))

    def _renew_if_due(self, now: float) -> bool:
        if self._leaving is None:
            return False
        living = {row.pid for row in self._workers.rows()}
        if living & self._leaving and now < self._leave_deadline:
            return False
        self._leaving = None
        self._forget()
        live, proven = self._releases.live, self._status.proven
        if live is not None and (proven is None or proven.digest != live.digest):
            # By what is counted from now on: the code of before is not to blame it for.
            self._begin(live, self._counted(live.version))
        return True

    def _count_anew(self) -> None:
        """Hold what failed with the code of before against no proven config."""
        proven = self._status.proven
        if proven is not None and proven.version:
            # So that what is counted later begins at nothing.
            before = Figures().since(self._counted(proven.version))
            anew = proven.with_values(began=time.monotonic(), before=before)
            self._journal.note(events.Reloaded(anew))

    def _forget(self) -> None:
        if self._status.condemned:
            self._journal.note(events.Forgotten())
        self._notes.store(())

    def _before(self, now: float) -> Figures:
        """Return how the proven config fared, up to the first that is not."""
        trial, proven = self._status.trial, self._status.proven
        if trial is not None:
            return trial.before
        if proven is None:
            return Figures()
        if not proven.version:
            return proven.before
        counted = self._counted(proven.version, now - proven.began)
        return proven.before.plus(counted)

    def _figures(self, trial: Trial, now: float) -> Figures:
        counted = self._counted(trial.version, now - trial.began)
        return counted.since(trial.start)

    def _counted(self, version: int, seconds: float = 0.0) -> Figures:
        tally = self._workers.tally(version)
        return Figures(
            tally.requests,
            tally.failures,
            tally.deaths,
            tally.callback_workers,
            seconds,
            tally.breakdowns,
        )

    def _see_workers(self) -> None:
        workers = sum(not row.is_dirty for row in self._workers.rows())
        self._workers_max = max(self._workers_max, workers)

    def _look_after(self, trial: Trial, figures: Figures, now: float) -> Trial:
        """Have a worker try what is for one alone; return the trial after that."""
        if not self._releases.is_offered:
            return trial
        rows, version = self._workers.serving(), self._releases.version_of_all
        after = canary.step(trial, rows, version, figures.deaths, now)
        if after != trial:
            self._journal.note(events.WentOn(after))
        if after.worker != self._releases.addressee:
            self._releases.address(after.worker)
        return after

    def _reason(self, trial: Trial, figures: Figures) -> str:
        evidence = self._evidence(trial, figures)
        if not self._releases.is_offered:
            return judge(evidence)
        # One worker has it. That it was killed may be bad luck, so another one tries;
        # that it broke down, and none ever did before, is none.
        is_clear = figures.breakdowns and not evidence.deaths_before
        alone = evidence._replace(workers=1, deaths=0)
        return judge(alone) or judge(evidence._replace(workers=1 if is_clear else 2))

    def _evidence(self, trial: Trial, figures: Figures) -> Evidence:
        self._see_workers()
        before = trial.before
        return Evidence(
            requests=figures.requests,
            failures=figures.failures,
            requests_before=before.requests,
            failures_before=before.failures,
            deaths=figures.deaths,
            deaths_before=before.deaths,
            seconds=figures.seconds,
            seconds_before=before.seconds,
            workers=self._workers_max,
            callback_workers=figures.callback_workers,
            callback_workers_before=before.callback_workers,
        )
