"""
How each version fares in one worker, counted for the newest few.

Owns: the counts by version that each row of the worker table has.
Must not know: what a request is, who judges by the counts.
Runs in: every worker, which counts; the master, which counts deaths; the publisher,
    which reads.

Which slot a version has follows from its number, so that counting needs no search. A
newer version takes the slot of an older one and begins at 0; what belongs to a version
older than the one in the slot comes too late for anybody: it counts in the totals.

Why the version of a slot is 0 while it changes hands, and is written last: a reader
must not take the counts of the version before for those of the new one.

| word          | holds                                                     |
| ------------- | --------------------------------------------------------- |
| 0, 6, 12, 18  | the version that the slot belongs to, 0 for none          |
| the next five | its requests, its requests that failed, its deaths, its   |
|               | callbacks that failed, and the deaths that are breakdowns |
| 24 to 28      | the same five counts over all versions; they never fall   |
"""

from __future__ import annotations

from typing import NamedTuple

_SLOTS = 4
_SLOT_WORDS = 6
_TOTALS = _SLOTS * _SLOT_WORDS

WORDS = _TOTALS + _SLOT_WORDS - 1


class Counts(NamedTuple):
    """What is counted in one row, of one version or over all of them."""

    requests: int = 0
    failures: int = 0
    deaths: int = 0
    callback_failures: int = 0
    breakdowns: int = 0


class Tally(NamedTuple):
    """
    How one version fared in all workers, those that are gone included.

    Attributes:
        version: which.
        requests: how many were answered, or failed to be.
        failures: how many of these failed.
        callback_failures: how many callbacks raised.
        callback_workers: in how many rows of the table a callback raised.
        deaths: how many workers ended otherwise than they were asked to.
        breakdowns: how many of these did so by what they ran themselves.
    """

    version: int
    requests: int
    failures: int
    callback_failures: int
    callback_workers: int
    deaths: int
    breakdowns: int = 0

    @classmethod
    def of(cls, version: int, rows: list[Counts]) -> Tally:
        """Return the sum of what the rows have for a version."""
        return cls(
            version,
            sum(each.requests for each in rows),
            sum(each.failures for each in rows),
            sum(each.callback_failures for each in rows),
            sum(each.callback_failures > 0 for each in rows),
            sum(each.deaths for each in rows),
            sum(each.breakdowns for each in rows),
        )


def add(words: memoryview, version: int, counts: Counts) -> None:
    """Count for a version, in a row that nobody else writes at the time."""
    start = version % _SLOTS * _SLOT_WORDS
    if words[start] < version:
        _begin(words, start, version)
    is_kept = words[start] == version
    for number, count in enumerate(counts):
        words[_TOTALS + number] += count
        if is_kept:
            words[start + 1 + number] += count


def add_request(words: memoryview, version: int) -> None:
    """Do as `add` does for one request that has not failed, as nearly all have not."""
    start = version % _SLOTS * _SLOT_WORDS
    if words[start] == version:
        words[start + 1] += 1
        words[_TOTALS] += 1
    else:
        add(words, version, Counts(requests=1))


def counts(words: memoryview, version: int) -> Counts:
    """Return what a row has for a version, none if the version has no slot any more."""
    start = version % _SLOTS * _SLOT_WORDS
    if words[start] == version:
        found = Counts(*words[start + 1 : start + _SLOT_WORDS])
        # Asked again: a newer version may have come to the slot during the copy.
        if words[start] == version:
            return found
    return Counts()


def totals(words: memoryview) -> Counts:
    """Return what a row has counted over all versions."""
    return Counts(*words[_TOTALS:WORDS])


def _begin(words: memoryview, start: int, version: int) -> None:
    words[start] = 0
    for word in range(start + 1, start + _SLOT_WORDS):
        words[word] = 0
    words[start] = version
