"""
What is logged of an event: which sentences, and with what in them.

Owns: the choice of the sentences, and that a repetition is no line.
Must not know: what the sentences say, where they go to.
Runs in: the publisher process.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import NamedTuple

from liveconfig.errors import printable
from liveconfig.memory.trial import Trial
from liveconfig.publishing import events
from liveconfig.publishing.state import State
from liveconfig.sentences import of_config as sentences
from liveconfig.sentences.sentence import Sentence


class Line(NamedTuple):
    """A sentence with what stands in the places of its `%s`."""

    sentence: Sentence
    arguments: tuple[object, ...] = ()


@singledispatch
def lines(event: events.Event, before: State, now: State) -> Iterator[Line]:
    """
    Yield what is logged of an event.

    Args:
        event: what happened.
        before: the state before it.
        now: the state after it.
    """
    yield from ()


@lines.register
def _(event: events.Resumed, before: State, now: State) -> Iterator[Line]:
    if event.version != before.status.version:
        yield Line(sentences.RESUMED, (event.version, event.digest))


@lines.register
def _(event: events.Unreadable, before: State, now: State) -> Iterator[Line]:
    yield Line(sentences.UNREADABLE, (event.error,))


@lines.register
def _(event: events.Found, before: State, now: State) -> Iterator[Line]:
    if before.status.missing is not None:
        yield Line(sentences.BACK, (now.status.source,))


@lines.register
def _(event: events.Missing, before: State, now: State) -> Iterator[Line]:
    if now.status.missing == before.status.missing:
        return
    if now.status.version:
        yield Line(sentences.MISSING, (now.status.version, event.error))
    elif now.is_waiting:
        yield Line(sentences.MISSING_AT_FIRST, (event.error,))


@lines.register
def _(event: events.Published, before: State, now: State) -> Iterator[Line]:
    changed = "" if event.is_first else f", changed: {event.changed.text}"
    delay_ms = max(0.0, event.at - event.changed_at) * 1e3
    since = f"{delay_ms:.1f} ms after the change of" if event.changed_at else "from"
    path = printable(event.path)
    sentence = sentences.FOR_ONE if now.status.is_tried_by_one else sentences.LIVE
    yield Line(sentence, (event.version, event.digest, changed, since, path))
    trial = now.status.trial
    if trial is not None and trial.version == event.version:
        yield from _on_trial(trial, now)
    if event.restart_keys.count:
        arguments = (event.version, event.restart_keys.text)
        yield Line(sentences.NEEDS_RESTART, arguments)


@lines.register
def _(event: events.Unchanged, before: State, now: State) -> Iterator[Line]:
    if before.status.rejected is not None:
        yield Line(sentences.UNCHANGED, (now.status.version,))


@lines.register
def _(event: events.UnknownKeys, before: State, now: State) -> Iterator[Line]:
    if event.keys.count and event.keys.names != before.status.unknown_keys:
        yield Line(sentences.UNKNOWN_KEYS, (printable(event.path), event.keys.text))


@lines.register
def _(event: events.Doubtful, before: State, now: State) -> Iterator[Line]:
    for warning in event.warnings:
        if warning not in before.status.warnings:
            yield Line(sentences.ODD_VALUE, (warning,))


@lines.register
def _(event: events.Rejected, before: State, now: State) -> Iterator[Line]:
    if now.history is before.history:
        return
    if now.status.version:
        yield Line(sentences.REJECTED, (now.status.version, event.error))
    elif now.is_waiting:
        yield Line(sentences.REJECTED_AT_FIRST, (event.error,))


@lines.register
def _(event: events.FellBack, before: State, now: State) -> Iterator[Line]:
    origin = "record" if event.origin == "source" else event.origin
    arguments = (event.version, origin, event.digest, now.status.trouble)
    yield Line(sentences.FELL_BACK, arguments)


@lines.register
def _(event: events.CacheUnused, before: State, now: State) -> Iterator[Line]:
    yield Line(sentences.CACHE_UNUSED, (printable(event.problem),))


@lines.register
def _(event: events.CacheUnfit, before: State, now: State) -> Iterator[Line]:
    yield Line(sentences.CACHE_UNFIT, (event.error,))


@lines.register
def _(event: events.NoDefaults, before: State, now: State) -> Iterator[Line]:
    yield Line(sentences.NO_DEFAULTS, (event.error,))


@lines.register
def _(event: events.Waiting, before: State, now: State) -> Iterator[Line]:
    yield Line(sentences.WAITS, (now.status.trouble,))


@lines.register
def _(event: events.PublishedAgain, before: State, now: State) -> Iterator[Line]:
    yield Line(sentences.PUBLISHED_AGAIN, (event.version,))


@lines.register
def _(event: events.Begun, before: State, now: State) -> Iterator[Line]:
    # Otherwise its publication is about to be noted, which comes first.
    if event.trial.version == now.status.version:
        yield from _on_trial(event.trial, now)


@lines.register
def _(event: events.WentOn, before: State, now: State) -> Iterator[Line]:
    trial = before.status.trial
    if trial is not None and trial.worker != event.trial.worker:
        yield from _on_trial(event.trial, now)


@lines.register
def _(event: events.Passed, before: State, now: State) -> Iterator[Line]:
    trial, proven = before.status.trial, event.proven
    if trial is None or trial.digest != proven.digest:
        return
    arguments = (proven.version, proven.digest, event.figures.outcome)
    yield Line(sentences.PROVEN, arguments)
    if trial.mode == "canary":
        yield Line(sentences.FOR_ALL, (proven.version, proven.digest))


@lines.register
def _(event: events.Condemned, before: State, now: State) -> Iterator[Line]:
    withdrawn = event.withdrawn
    is_served = event.is_served
    sentence = sentences.SERVES_CONDEMNED if is_served else sentences.TAKEN_BACK
    arguments = (withdrawn.version, withdrawn.digest, withdrawn.reason)
    yield Line(sentence, arguments)


@lines.register
def _(event: events.WentBack, before: State, now: State) -> Iterator[Line]:
    arguments = (event.proven.version, event.proven.digest)
    yield Line(sentences.WENT_BACK, arguments)


@lines.register
def _(event: events.Refused, before: State, now: State) -> Iterator[Line]:
    withdrawn = event.withdrawn
    yield Line(sentences.NOT_TRIED_AGAIN, (withdrawn.digest, withdrawn.reason))


@lines.register
def _(event: events.Forgotten, before: State, now: State) -> Iterator[Line]:
    if before.status.condemned:
        yield Line(sentences.TRIED_AGAIN)


@lines.register
def _(event: events.Kept, before: State, now: State) -> Iterator[Line]:
    if before.unkept_because:
        yield Line(sentences.KEPT_AGAIN)


@lines.register
def _(event: events.NotKept, before: State, now: State) -> Iterator[Line]:
    if event.problem != before.unkept_because:
        yield Line(sentences.NOT_KEPT, (event.problem,))


@lines.register
def _(event: events.ModeChanged, before: State, now: State) -> Iterator[Line]:
    is_polling = event.mode == "polling"
    sentence = sentences.POLLING if is_polling else sentences.SEEN_AT_ONCE
    yield Line(sentence, (event.reason,))


def _on_trial(trial: Trial, now: State) -> Iterator[Line]:
    seconds = round(trial.seconds)
    if trial.mode == "watch":
        yield Line(sentences.ON_TRIAL, (trial.version, seconds))
    elif trial.worker:
        others = now.status.version_of_all
        arguments = (trial.version, seconds, trial.worker, others)
        yield Line(sentences.ON_TRIAL_IN_ONE, arguments)
