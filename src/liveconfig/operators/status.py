"""
The `/status` document, made from the shared memory.

Owns: which of what the processes say of themselves goes into it; the tag that changes
    whenever it does.
Must not know: HTTP, how it is shown.
Runs in: every worker.

All but what it says of the worker that answers comes from the shared memory, so it is
the same whichever worker is asked.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any

from liveconfig.memory.history import Entry, History
from liveconfig.memory.shared import SharedMemory
from liveconfig.memory.status import Missing, PublisherStatus, Rejected
from liveconfig.memory.trial import Proven, Trial, Withdrawn
from liveconfig.memory.worker_row import WorkerState
from liveconfig.status import document
from liveconfig.worker.snapshot import Snapshot


def status_document(
    shared: SharedMemory,
    snapshot: Snapshot[Any] | None,
    stale_since: float | None,
    secrecy: str = "",
) -> document.Status:
    """
    Return what is served, since when, by whom, and what is not served and why.

    Args:
        shared: the memory of this process.
        snapshot: what the worker that answers holds, None while it waits for one.
        stale_since: since when it cannot read the newest version.
        secrecy: which keys are secret in its schema. Others may have been when the
            rest was stored: after a reload of the master, for a moment.
    """
    known = shared.publisher_status()
    version, digest = (snapshot.version, snapshot.digest) if snapshot else (0, "")
    status = known or PublisherStatus(0, 0.0, "", "", version=version, digest=digest)
    status = status.shown_by(secrecy)
    history = History.read(shared.history).shown_by(secrecy).entries
    workers = shared.workers.rows()
    head = shared.config.version
    digests = _digests(status, history)
    return document.Status(
        version=status.version,
        digest=status.digest,
        published_at=_time(status.published_at),
        changed_at=_time(_changed_at(status)),
        changed_keys=status.changed_keys,
        changed_count=status.changed_count,
        unknown_keys=status.unknown_keys,
        unknown_count=status.unknown_count,
        warnings=status.warnings,
        restart_keys=status.restart_keys,
        origin=status.origin,
        converged=status.version == head and _is_converged(workers, head),
        delays=_delays(status, workers),
        source=document.Source(status.source, _missing(status.missing)),
        rejected=_rejected(status.rejected),
        trial=_trial(shared, status.trial),
        withdrawn=_withdrawn(status.withdrawn or status.condemned_as(status.digest)),
        proven=_proven(status.proven),
        publisher=_publisher(status, publisher_state(shared, known)),
        workers=tuple(_worker(each, head, digests, status) for each in workers),
        history=tuple(_entry(entry) for entry in reversed(history)),
        worker=document.Answering(
            pid=os.getpid(),
            version=version or None,
            digest=digest or None,
            stale_since=_time(stale_since),
        ),
    )


def status_tag(shared: SharedMemory, version: int, secrecy: str = "") -> str:
    """
    Return a text that is another one whenever another document is to be returned.

    Args:
        shared: the memory of this process.
        version: what the worker that answers holds, 0 for none, and may show: it may
            have taken a newer one since.
        secrecy: which keys are secret in its schema.
    """
    versions = (record.version for record in shared.records)
    # The document shows what is damaged, and damage leaves the versions as they are.
    wholes = (record.is_whole(0) for record in (shared.status, shared.history))
    state = (secrecy, version, *versions, *wholes, shared.config.is_claimed())
    status = shared.publisher_status()
    if status is not None and status.trial is not None:
        state = (*state, _seconds_left(status.trial))
    workers = shared.workers.fingerprint()
    return sha256(repr((state, workers)).encode()).hexdigest()[:32]


def publisher_state(shared: SharedMemory, status: PublisherStatus | None) -> str:
    """Return `running`, `restarting`, or `unknown` where its state is unreadable."""
    if not shared.config.is_claimed():
        return "restarting"
    return "running" if status else "unknown"


def _is_converged(workers: tuple[WorkerState, ...], head: int) -> bool:
    holding = [worker for worker in workers if worker.version]
    # One that holds another version than the record's, older or newer, is not level
    # with it, nor is one that cannot read it.
    return bool(holding) and all(
        worker.version == head and not worker.stale_since for worker in holding
    )


def _changed_at(status: PublisherStatus) -> float:
    # What came from elsewhere is older than the last change of the source.
    return status.changed_at if status.origin == "source" else 0.0


def _delays(
    status: PublisherStatus, workers: tuple[WorkerState, ...]
) -> document.Delays:
    changed_at = _changed_at(status)
    # Those that had another one before: the others started with it.
    taking = [
        worker.delay_seconds
        for worker in workers
        if worker.version == status.version and worker.delay_seconds
    ]
    return document.Delays(
        publisher_ms=_ms(status.published_at - changed_at) if changed_at else None,
        last_worker_ms=_ms(max(taking)) if taking else None,
    )


def _publisher(status: PublisherStatus, state: str) -> document.Publisher:
    return document.Publisher(
        pid=status.pid if state == "running" else None,
        state=state,
        mode=status.mode,
        mode_reason=status.mode_reason,
        started_at=_time(status.started_at),
        starts=status.starts,
        schema_digest=status.schema_digest or None,
        checked_at=_time(status.checked_at),
    )


def _digests(status: PublisherStatus, history: tuple[Entry, ...]) -> Mapping[int, str]:
    published = {
        entry.version: entry.digest for entry in history if entry.kind == "published"
    }
    return {**published, status.version: status.digest}


def _worker(
    worker: WorkerState, head: int, digests: Mapping[int, str], status: PublisherStatus
) -> document.Worker:
    return document.Worker(
        pid=worker.pid,
        is_dirty=worker.is_dirty,
        started_at=_time(worker.started_at),
        version=worker.version or None,
        digest=digests.get(worker.version) or None,
        is_behind=worker.is_behind(head),
        taken_at=_time(worker.taken_at),
        delay_ms=_ms(worker.delay_seconds) if worker.delay_seconds else None,
        stale_since=_time(worker.stale_since),
        needs_restart=worker.needs_restart,
        schema_digest=worker.schema_digest or None,
        has_other_class=worker.schema_digest not in ("", status.schema_digest),
        counts_requests=worker.counts_requests,
        callbacks=document.Callbacks(
            failures=worker.callback_failures,
            slow=worker.callback_slow,
            running_since=_time(worker.callback_running_since),
        ),
    )


def _entry(entry: Entry) -> document.Entry:
    return document.Entry(
        kind=entry.kind,
        at=_moment(entry.at),
        version=entry.version,
        digest=entry.digest,
        origin=entry.origin,
        changed_at=_time(entry.changed_at),
        duration_ms=_ms(entry.duration_seconds),
        changes=entry.changes,
        changed_count=entry.changed_count,
        restart_keys=entry.restart_keys,
        error=entry.error,
        reason=entry.reason,
    )


def _missing(missing: Missing | None) -> document.Missing | None:
    if missing is None:
        return None
    return document.Missing(missing.problem, _moment(missing.since))


def _rejected(rejected: Rejected | None) -> document.Rejected | None:
    if rejected is None:
        return None
    return document.Rejected(
        digest=rejected.digest,
        error=rejected.error,
        since=_moment(rejected.since),
        tries=rejected.tries,
        excerpt=rejected.excerpt,
    )


def _trial(shared: SharedMemory, trial: Trial | None) -> document.Trial | None:
    if trial is None:
        return None
    tally = shared.workers.tally(trial.version)
    return document.Trial(
        version=trial.version,
        digest=trial.digest,
        mode=trial.mode,
        began_at=_moment(trial.began_at),
        seconds_left=_seconds_left(trial),
        requests=max(0, tally.requests - trial.start.requests),
        failures=max(0, tally.failures - trial.start.failures),
        worker=trial.worker or None,
    )


def _seconds_left(trial: Trial) -> int:
    return max(0, math.ceil(trial.deadline - time.monotonic()))


def _withdrawn(withdrawn: Withdrawn | None) -> document.Withdrawn | None:
    if withdrawn is None:
        return None
    return document.Withdrawn(
        version=withdrawn.version,
        digest=withdrawn.digest,
        since=_moment(withdrawn.since),
        reason=withdrawn.reason,
        requests=withdrawn.figures.requests,
        failures=withdrawn.figures.failures,
        share=withdrawn.figures.share,
        share_before=withdrawn.before.share,
        deaths=withdrawn.figures.deaths,
    )


def _proven(proven: Proven | None) -> document.Proven | None:
    if proven is None:
        return None
    return document.Proven(proven.version, proven.digest, _time(proven.at))


def _time(seconds: float | None) -> datetime | None:
    return _moment(seconds) if seconds else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def _ms(seconds: float) -> float:
    # The filesystem's clock goes in steps, and may be a step behind ours.
    return round(max(0.0, seconds) * 1e3, 3)
