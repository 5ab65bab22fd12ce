"""
Whether a config on trial hurts: more fails with it than chance and the past explain.

Owns: the rules and their constants, and the words of a verdict.
Must not know: who counted, when it is looked at, what comes of the verdict.
Runs in: the publisher during a trial, and the simulation that the constants rest on.

Why the rule of the share is a straight line: a count that grows more slowly than a line
crosses it with a chance that falls exponentially with the line's start, however long
the trial lasts and however often it is looked at. A test of each look by itself would
need another constant for each number of looks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

# So many failing requests beyond what is allowed condemn. Were it fewer, chance alone
# would do it; were it more, over 40 requests could fail before the end.
_FAILURES_BEYOND = 16
# A failing share is allowed up to so many times that of before, or as a floor.
_RATIO = 2
_SHARE_ALWAYS_ALLOWED = 0.01
# Where little is known of before, as much is allowed as for 15 % of failing requests.
_SHARE_ALLOWED_UNKNOWN = 0.3
# Chance may have hidden so many failing requests of before ...
_FAILURES_UNSEEN = 12
# ... and so many requests must be known until a high share of before is believed.
_REQUESTS_TO_BELIEVE = 40

# So many workers die, or fail in a callback, where none did before.
_WORKERS = 2
# Deaths that twice the rate of before brings more often than this are explained.
_CHANCE = 1e-6


class Evidence(NamedTuple):
    """
    What was counted with the config on trial, and before with the proven one.

    Attributes:
        requests: that were answered with it, the failing ones too.
        failures: how many of these failed.
        requests_before: the same of before; 0 where nothing is known.
        failures_before: how many of those failed.
        deaths: workers that ended with it and were not asked to.
        deaths_before: the same of before.
        seconds: since it went live.
        seconds_before: over which `deaths_before` were counted.
        workers: that are meant to serve; one that is dead right now counts too.
        callback_workers: in which one of its callbacks raised.
        callback_workers_before: the same of before.
    """

    requests: int = 0
    failures: int = 0
    requests_before: int = 0
    failures_before: int = 0
    deaths: int = 0
    deaths_before: int = 0
    seconds: float = 0.0
    seconds_before: float = 0.0
    workers: int = 1
    callback_workers: int = 0
    callback_workers_before: int = 0


def judge(evidence: Evidence) -> str:
    """Return why the config is condemned, with the figures; "" where it is not."""
    return _of_deaths(evidence) or _of_requests(evidence) or _of_callbacks(evidence)


def share_allowed(evidence: Evidence) -> float:
    """
    Return the failing share that is put down to chance and to what was before.

    It is 1 or more where so much failed before that requests prove nothing any more.
    """
    known, failed = evidence.requests_before, evidence.failures_before
    at_most = _RATIO * (failed + _FAILURES_UNSEEN) / max(known, 1)
    seen = _RATIO * failed / (known + _REQUESTS_TO_BELIEVE)
    believed = max(_SHARE_ALLOWED_UNKNOWN, seen)
    return max(_SHARE_ALWAYS_ALLOWED, min(at_most, believed))


def _of_requests(evidence: Evidence) -> str:
    allowed = share_allowed(evidence) * evidence.requests
    if evidence.failures < _FAILURES_BEYOND + allowed:
        return ""
    before = "and none is known from before"
    if evidence.requests_before:
        before = f"{evidence.failures_before} of {evidence.requests_before} before"
    return f"{evidence.failures} of {evidence.requests} requests failed, {before}"


def _of_deaths(evidence: Evidence) -> str:
    if evidence.deaths < _enough(evidence) or _is_usual(evidence):
        return ""
    workers = "1 worker" if evidence.deaths == 1 else f"{evidence.deaths} workers"
    return (
        f"{workers} died within {evidence.seconds:.1f} s, "
        f"{evidence.deaths_before or 'none'} in the {evidence.seconds_before:.0f} s "
        "before"
    )


def _of_callbacks(evidence: Evidence) -> str:
    failed = evidence.callback_workers
    if failed < _enough(evidence) or evidence.callback_workers_before:
        return ""
    workers = "1 worker" if failed == 1 else f"{failed} workers"
    return f"its callbacks failed in {workers}, in none before"


def _enough(evidence: Evidence) -> int:
    """Return how many workers condemn: one alone may have had bad luck."""
    return max(1, min(_WORKERS, evidence.workers))


def _is_usual(evidence: Evidence) -> bool:
    """Return whether the rate of before brings so many deaths now and then."""
    if not evidence.deaths_before:
        return False
    # The one more is the death that the next second of before might have seen.
    rate = _RATIO * (evidence.deaths_before + 1) / max(evidence.seconds_before, 1.0)
    return _chance(rate * evidence.seconds, evidence.deaths) > _CHANCE


def _chance(expected: float, least: int) -> float:
    """Return how likely at least so many happen where so many are expected."""
    term = math.exp(-expected)
    chance = 1.0
    for count in range(1, least + 1):
        chance -= term
        term *= expected / count
    return chance
