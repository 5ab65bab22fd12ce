"""
How likely counts that grow by chance are condemned, and when: computed, not drawn.

Owns: the chances of a trial in which each request fails with the same probability,
    alone or in bursts, and in which workers die at the same rate.
Must not know: which cases are looked at, how they are shown.
Runs in: the measuring process, and its test.

A rare alarm cannot be drawn: a million trials that show none say no more than that it
is rarer than one in a million. So the chance of every pair of counts is carried from
look to look, and what the judge condemns is taken out. Where the rest of a trial can
add next to nothing it is bounded: a count that grows more slowly than a straight line
still reaches it from a distance with a chance of at most exp(-root * distance).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from liveconfig.trial.judge import Evidence, judge, share_allowed

# What is less likely is not carried on; of a good change it is counted as an alarm.
_NOTHING = 1e-19
# Of a bad change no more than the quantiles are wanted.
_LITTLE = 1e-10
# What the rest of a trial adds is bounded where it is less than this, or than this part
# of what was found; it is computed where not.
_REST, _PART = 1e-11, 0.05
_STEPS_TO_BOUND = 64

Chances = dict[int, float]


class Before(NamedTuple):
    """What is known of the config before: requests, and how many of them failed."""

    requests: int
    failures: int


NOTHING_KNOWN = Before(0, 0)


class Caught(NamedTuple):
    """
    How a bad change ends.

    Attributes:
        chance: that it is condemned within the trial.
        failures: how likely so many requests have failed until then.
    """

    chance: float
    failures: Chances

    def quantile(self, part: float) -> int:
        """Return the failing requests that this part of those caught stays within."""
        left = part * self.chance
        for failed, chance in sorted(self.failures.items()):
            left -= chance
            if left <= 0:
                return failed
        return max(self.failures)


def binomial(count: int, share: float) -> Chances:
    """Return how likely each number of `count` is, but for the unlikely ones."""
    if share in (0.0, 1.0):
        return {round(count * share): 1.0}
    spread, middle = math.sqrt(count * share * (1 - share)), count * share
    first = max(0, int(middle - 10 * spread - 20))
    last = min(count, int(middle + 10 * spread + 40))
    found = {
        number: math.exp(
            math.lgamma(count + 1)
            - math.lgamma(number + 1)
            - math.lgamma(count - number + 1)
            + number * math.log(share)
            + (count - number) * math.log1p(-share)
        )
        for number in range(first, last + 1)
    }
    return {number: chance for number, chance in found.items() if chance > _NOTHING}


class Line:
    """How many failing requests the judge condemns, while requests are counted up."""

    def __init__(self, before: Before) -> None:
        """Begin with no request."""
        self._evidence = Evidence(
            requests_before=before.requests, failures_before=before.failures
        )
        self.allowed = share_allowed(self._evidence)
        self._least = 1

    def at(self, requests: int) -> int:
        """Return the fewest that are condemned; `requests` + 1 where none is."""
        while self._least <= requests and not judge(
            self._evidence._replace(requests=requests, failures=self._least)
        ):
            self._least += 1
        return self._least


def caught(share: float, before: Before, requests: int, between_looks: int) -> Caught:
    """
    Return how a change ends with which this share of requests fails.

    Args:
        share: of requests that fails, each by itself.
        before: what is known of before.
        requests: in the whole trial.
        between_looks: how many requests are answered from one look to the next.
    """
    line, alive = Line(before), {0: 1.0}
    step = {
        number: chance
        for number, chance in binomial(between_looks, share).items()
        if chance > _LITTLE
    }
    failures: Chances = {}
    for now in range(between_looks, requests + 1, between_looks):
        alive = _convolved(alive, step)
        least = line.at(now)
        for failed in [each for each in alive if each >= least]:
            failures[failed] = failures.get(failed, 0.0) + alive.pop(failed)
        if not alive:
            break
    return Caught(sum(failures.values()), failures)


def _convolved(alive: Chances, step: Chances) -> Chances:
    found: Chances = {}
    for failed, chance in alive.items():
        if chance > _LITTLE:
            for more, likely in step.items():
                found[failed + more] = found.get(failed + more, 0.0) + chance * likely
    return found


def alarm(
    share: float, before: Before, requests: int, burst: int = 1, rest_max: float = _REST
) -> float:
    """
    Return an upper bound of the chance that a good change is condemned.

    It is looked at after every request: no real trial is looked at more often.

    Args:
        share: of requests that fails, with the change as before it.
        before: what is known of before.
        requests: in the whole trial.
        burst: so many fail one after the other.
        rest_max: what may be added to it for the rest of the trial.
    """
    line, alarms = Line(before), 0.0
    if line.allowed >= 1:
        return 0.0
    if line.allowed <= share:
        return 1.0
    # One event is a request that is answered well, or a burst of failing ones.
    bursts = share / (share + burst * (1 - share))
    root = _root(bursts, burst, line.allowed)
    ahead: list[Chances] = [{0: 1.0}, *({} for _ in range(burst))]
    for now in range(requests + 1):
        least, alive = line.at(now), ahead.pop(0)
        ahead.append({})
        for failed, chance in alive.items():
            if failed >= least or chance < _NOTHING:
                alarms += chance
            else:
                _add(ahead[0], failed, chance * (1 - bursts))
                _add(ahead[burst - 1], failed + burst, chance * bursts)
        if now and now % _STEPS_TO_BOUND == 0:
            start = least - 1 - line.allowed * now
            rest = sum(
                chance * math.exp(min(0.0, root * (failed - line.allowed * at - start)))
                for at, alive in enumerate(ahead, now + 1)
                for failed, chance in alive.items()
            )
            if rest < max(rest_max, _PART * alarms):
                return alarms + rest
    return alarms


def _add(chances: Chances, number: int, chance: float) -> None:
    chances[number] = chances.get(number, 0.0) + chance


def _root(bursts: float, burst: int, allowed: float) -> float:
    """Return the exponent with which a line becomes less likely with its distance."""

    def growth(root: float) -> float:
        up, down = burst * (1 - allowed), -allowed
        return bursts * math.exp(root * up) + (1 - bursts) * math.exp(root * down)

    low, high = 0.0, 300 / burst
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if growth(middle) < 1 else (low, middle)
    return low


def alarm_by_knowledge(share: float, known: int, requests: int) -> float:
    """
    Return the same bound where so many requests of before are known.

    How many of them failed is chance, too. The fewer did, the less is allowed, so each
    group of numbers counts as its lowest.
    """
    total = 0.0
    for chance, failures in _groups(binomial(known, share)):
        before = Before(known, failures)
        total += chance * alarm(share, before, requests, rest_max=_REST / chance)
    return total


def _groups(chances: Chances) -> Iterator[tuple[float, int]]:
    """Yield groups of numbers, each ten times as likely, with their lowest."""
    gathered, lowest, limit = 0.0, -1, 1e-15
    for number, chance in sorted(chances.items()):
        if lowest < 0:
            lowest = number
        gathered += chance
        if gathered > limit:
            yield gathered, lowest
            gathered, lowest, limit = 0.0, -1, min(10 * limit, 0.1)
    if lowest >= 0:
        yield gathered, lowest


def alarm_by_deaths(
    per_second: float, seconds_before: float, seconds: float, workers: int
) -> float:
    """
    Return how likely a good change is condemned where workers die by themselves.

    Args:
        per_second: how many die, with the change as before it.
        seconds_before: for how long they were counted before.
        seconds: that the trial lasts.
        workers: that serve.
    """
    return sum(
        chance
        * _deaths(
            per_second,
            Evidence(
                deaths_before=died, seconds_before=seconds_before, workers=workers
            ),
            seconds,
        )
        for died, chance in _poisson(per_second * seconds_before).items()
    )


_LOOKS_PER_SECOND = 20


def _deaths(per_second: float, before: Evidence, seconds: float) -> float:
    step = _poisson(per_second / _LOOKS_PER_SECOND)
    alive, least, alarms = {0: 1.0}, 1, 0.0
    for look in range(1, round(seconds * _LOOKS_PER_SECOND) + 1):
        alive = _convolved(alive, step)
        now = before._replace(seconds=look / _LOOKS_PER_SECOND)
        while not judge(now._replace(deaths=least)):
            least += 1
        for died in [each for each in alive if each >= least]:
            alarms += alive.pop(died)
    return alarms


def _poisson(expected: float) -> Chances:
    last = int(expected + 10 * math.sqrt(expected) + 20)
    found = {
        number: math.exp(
            number * math.log(expected) - expected - math.lgamma(number + 1)
        )
        for number in range(last + 1)
    }
    return {number: chance for number, chance in found.items() if chance > _NOTHING}
