"""
What follows from an event: the state after it.

Owns: what the publisher knows of itself, and how each kind of event changes that.
Must not know: how anything is found out, where the state is kept, what is logged.
Runs in: the publisher process.

Pure: the same state and the same event make the same state, at any time.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from liveconfig.errors import InvalidConfigError, printable
from liveconfig.memory import status as stored
from liveconfig.memory.history import CHANGES_MAX, Entry, History
from liveconfig.memory.status import PUBLISH_SECONDS, PublisherStatus
from liveconfig.memory.trial import Withdrawn
from liveconfig.publishing import events

# A class may say as much as it likes in an error, and the record has an end.
_PROBLEM_CHARACTERS_MAX = 1000
# As many as the history has entries; an older one would be tried once more.
_CONDEMNED_MAX = 32

# What is known of a version that no change of the source is known to have led to.
_NO_CHANGE: Mapping[str, Any] = {
    "changed_at": 0.0,
    "changed_keys": (),
    "changed_count": 0,
    "restart_keys": (),
}


@dataclass(frozen=True)
class State:
    """
    What the publisher knows of itself.

    Attributes:
        status: what all others see, and a successor goes on from.
        history: the newest publications and rejections; so it is with these.
        is_waiting: whether the first config is waited for. Until that is known, what is
            wrong at the start is logged by whoever ends it.
        unkept_because: why what is live is not in the cache, "" if it is.
    """

    status: PublisherStatus
    history: History = field(default_factory=History)
    is_waiting: bool = False
    unkept_because: str = ""


@singledispatch
def after(event: events.Event, state: State) -> State:
    """Return the state after an event."""
    return state


@after.register
def _(event: events.Resumed, state: State) -> State:
    if event.version != state.status.version:
        state = _with(state, version=event.version, published_at=event.at, **_NO_CHANGE)
    state = _as_version(_with(state, digest=event.digest), event.version)
    if event.version in {entry.version for entry in state.history.entries}:
        return state
    return _entered(state, event.at, origin=state.status.origin)


@after.register
def _(event: events.Unreadable, state: State) -> State:
    return _with(state, digest="", trial=None)


@after.register
def _(event: events.Checked, state: State) -> State:
    return _with(state, checked_at=event.at, poll_seconds=event.poll_seconds)


@after.register
def _(event: events.Attempted, state: State) -> State:
    return _with(state, attempt=event.attempt)


@after.register
def _(event: events.Found, state: State) -> State:
    return _with(state, missing=None)


@after.register
def _(event: events.Missing, state: State) -> State:
    before, problem = state.status.missing, printable(str(event.error))
    if before is not None and before.problem == problem:
        return state
    if before is None:
        state = _counted(state, "missing")
    missing = stored.Missing(problem, before.since if before else event.at)
    # What was rejected is not there any more either.
    return _with(state, missing=missing, rejected=None, withdrawn=None)


@after.register
def _(event: events.Published, state: State) -> State:
    buckets = list(state.status.publish_buckets)
    buckets[bisect_left(PUBLISH_SECONDS, event.seconds)] += 1
    state = _with(
        _counted(state, "published"),
        version=event.version,
        digest=event.digest,
        published_at=event.at,
        changed_at=event.changed_at,
        changed_keys=event.changed.names,
        changed_count=event.changed.count,
        restart_keys=event.restart_keys.names,
        origin="source",
        rejected=None,
        withdrawn=None,
        publish_buckets=tuple(buckets),
        publish_seconds=state.status.publish_seconds + event.seconds,
    )
    return _entered(
        state,
        event.at,
        changed_at=event.changed_at,
        duration_seconds=event.seconds,
        changes=event.changes,
        changed_count=event.changed.count,
        restart_keys=event.restart_keys.names[:CHANGES_MAX],
    )


@after.register
def _(event: events.Unchanged, state: State) -> State:
    state = _with(_counted(state, "unchanged"), origin="source", rejected=None)
    proven = state.status.proven
    if proven is not None and proven.digest == state.status.digest:
        state = _with(state, proven=proven.with_values(origin="source"))
    return _with(state, withdrawn=state.status.condemned_as(state.status.digest))


@after.register
def _(event: events.UnknownKeys, state: State) -> State:
    keys = event.keys
    return _with(state, unknown_keys=keys.names, unknown_count=keys.count)


@after.register
def _(event: events.Doubtful, state: State) -> State:
    return _with(state, warnings=event.warnings)


@after.register
def _(event: events.Rejected, state: State) -> State:
    problem, before = _problem(event.error), state.status.rejected
    if before is not None and (before.digest, before.error) == (event.digest, problem):
        return after(events.SeenAgain(event.digest), state)
    rejected = stored.Rejected(event.digest, problem, event.at, 1, event.excerpt)
    return _entered(
        _with(_counted(state, "rejected"), rejected=rejected, withdrawn=None),
        event.at,
        kind="rejected",
        digest=event.digest,
        changed_at=event.changed_at,
        duration_seconds=event.seconds,
        error=problem,
    )


@after.register
def _(event: events.SeenAgain, state: State) -> State:
    rejected = state.status.rejected
    if rejected is None or rejected.digest != event.digest:
        return state
    return _with(state, rejected=rejected.seen_again())


@after.register
def _(event: events.FellBack, state: State) -> State:
    state = _with(
        state,
        version=event.version,
        digest=event.digest,
        published_at=event.at,
        origin=event.origin,
    )
    return _entered(state, event.at, origin=event.origin)


@after.register
def _(event: events.Waiting, state: State) -> State:
    return dataclasses.replace(state, is_waiting=True)


@after.register
def _(event: events.PublishedAgain, state: State) -> State:
    state = _with(state, version=event.version, published_at=event.at, **_NO_CHANGE)
    return _entered(_as_version(state, event.version), event.at)


@after.register
def _(event: events.Recalled, state: State) -> State:
    condemned = event.condemned[-_CONDEMNED_MAX:]
    return _with(state, proven=event.proven, condemned=condemned)


@after.register
def _(event: events.Reloaded, state: State) -> State:
    return _with(state, proven=event.proven)


@after.register
def _(event: events.Begun, state: State) -> State:
    return _with(state, trial=event.trial)


@after.register
def _(event: events.WentOn, state: State) -> State:
    return _with(state, trial=event.trial)


@after.register
def _(event: events.Passed, state: State) -> State:
    proven, is_tried = event.proven, state.status.tries(event.proven.digest)
    condemned = _condemned_but(state, proven.digest)
    if state.status.digest == proven.digest:
        # All may have another version than the one worker that has tried it.
        state = _with(state, version=proven.version)
    state = _with(state, trial=None, proven=proven, condemned=condemned)
    if not is_tried:
        return state
    return _ended(
        state,
        proven.at,
        "proven",
        version=proven.version,
        digest=proven.digest,
        origin=proven.origin,
        reason=event.figures.outcome,
    )


@after.register
def _(event: events.Condemned, state: State) -> State:
    others = _condemned_but(state, event.withdrawn.digest)
    condemned = (*others, event.withdrawn)[-_CONDEMNED_MAX:]
    # Where the source holds another one by now, that is what is shown.
    withdrawn = state.status.withdrawn or event.withdrawn
    return _ended(
        _with(state, trial=None, withdrawn=withdrawn, condemned=condemned),
        event.withdrawn.since,
        "withdrawn",
        version=event.withdrawn.version,
        digest=event.withdrawn.digest,
        reason=event.withdrawn.reason,
    )


@after.register
def _(event: events.WentBack, state: State) -> State:
    proven, taken_back = event.proven, state.status.condemned_as(state.status.digest)
    state = _with(
        state,
        version=proven.version,
        digest=proven.digest,
        published_at=event.at,
        origin=proven.origin,
        proven=proven,
        **_NO_CHANGE,
    )
    reason = taken_back.reason if taken_back else ""
    return _entered(state, event.at, origin=proven.origin, reason=reason)


@after.register
def _(event: events.Refused, state: State) -> State:
    return _with(state, withdrawn=event.withdrawn, rejected=None)


@after.register
def _(event: events.Forgotten, state: State) -> State:
    return _with(state, withdrawn=None, condemned=())


@after.register
def _(event: events.Kept, state: State) -> State:
    return dataclasses.replace(state, unkept_because="")


@after.register
def _(event: events.NotKept, state: State) -> State:
    return dataclasses.replace(state, unkept_because=event.problem)


@after.register
def _(event: events.ModeChanged, state: State) -> State:
    reason = event.reason if event.mode == "polling" else ""
    return _with(state, mode=event.mode, mode_reason=reason)


def _as_version(state: State, version: int) -> State:
    """Return the state when what is live is so as this version, whatever that is."""
    trial, proven = state.status.trial, state.status.proven
    if trial is not None:
        is_live = trial.digest == state.status.digest
        again = trial.as_version(version) if is_live else None
        state = _with(state, trial=again)
    if proven is not None and proven.digest == state.status.digest:
        state = _with(state, proven=proven.with_values(version=version))
    return state


def _condemned_but(state: State, digest: str) -> tuple[Withdrawn, ...]:
    return tuple(each for each in state.status.condemned if each.digest != digest)


def _with(state: State, **changes: Any) -> State:
    return dataclasses.replace(state, status=state.status.with_values(**changes))


def _counted(state: State, result: str) -> State:
    return _with(state, reloads=state.status.reloads.and_one(result))


def _entered(state: State, at: float, **parts: Any) -> State:
    status = state.status
    live = {"version": status.version, "digest": status.digest}
    entry = Entry(**{"kind": "published", "at": at, **live, **parts})
    return dataclasses.replace(state, history=state.history.with_entry(entry))


def _ended(state: State, at: float, kind: str, **parts: Any) -> State:
    ends = state.status.trial_ends.and_one(kind)
    return _entered(_with(state, trial_ends=ends), at, kind=kind, **parts)


def _problem(error: InvalidConfigError) -> stored.Problem:
    return stored.Problem(
        printable(error.path),
        error.line,
        error.column,
        error.key,
        printable(error.problem)[:_PROBLEM_CHARACTERS_MAX],
    )
