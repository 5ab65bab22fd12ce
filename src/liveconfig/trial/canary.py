"""
Which worker tries a config before the others, and when another one does.

Owns: the choice of the worker, when its trial's time begins, when another is chosen.
Must not know: how a worker is given the config, what follows from how it fares.
Runs in: the publisher during a trial.

Pure. A worker that was asked to end, as at a reload, is replaced as often as it takes,
and the trial goes on. One that died, or does not take the config in the time that the
trial has, is replaced with all of that time ahead of the next; who judges by the deaths
ends this, and one that hangs is followed by one other.
"""

from __future__ import annotations

from collections.abc import Sequence

from liveconfig.memory.trial import Trial
from liveconfig.memory.worker_row import WorkerState


def choice(rows: Sequence[WorkerState], version: int, shunned: int = 0) -> int:
    """
    Return the process of the worker that tries a config, 0 if none can at present.

    Args:
        rows: the workers that serve clients.
        version: what all have: a worker that has something else is not as the others.
        shunned: a process that is not to be it.
    """
    fit = (each for each in rows if each.version == version and not each.stale_since)
    return next((each.pid for each in fit if each.pid != shunned), 0)


def step(
    trial: Trial,
    rows: Sequence[WorkerState],
    version: int,
    deaths: int,
    now: float,
) -> Trial:
    """
    Return the trial as it goes on.

    Args:
        trial: as it is.
        rows: the workers that serve clients.
        version: what all others have.
        deaths: how many workers have died of what is on trial.
        now: the time, by the monotonic clock.
    """
    row = next((each for each in rows if each.pid == trial.worker), None)
    anew = now + trial.seconds
    if row is None:
        trial = trial.with_values(worker=choice(rows, version, trial.shunned))
        if deaths > trial.deaths:
            return trial.with_values(is_taken=False, deadline=anew, deaths=deaths)
        return trial
    if trial.is_taken:
        return trial
    if row.version >= trial.version:
        return trial.with_values(is_taken=True, deadline=anew)
    other = choice(rows, version, trial.worker)
    if now >= trial.deadline and other and not trial.shunned:
        return trial.with_values(worker=other, shunned=row.pid, deadline=anew)
    return trial
