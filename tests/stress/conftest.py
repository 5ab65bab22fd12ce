"""How long the long runs may take, with which seed, and what they came to."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.support.storm import Counts

# All of them together; each takes the share that it names.
_SECONDS = 600.0
_PROGRESS_SECONDS = 10.0
_LONGER_TIMES = 20


@dataclass
class Run:
    """
    One run of all stress tests.

    Attributes:
        seconds: how long all tests together may take.
        seed: what is random follows from it, the moments in time aside.
        counts: what each storm came to.
        kills: how many writers were killed.
        stories: how many stories ended well.
        steps: of how many steps.
    """

    seconds: float
    seed: int
    counts: list[Counts] = field(default_factory=list)
    kills: int = 0
    stories: int = 0
    steps: int = 0

    def least(self, count: int) -> int:
        """Return what is due of a count that is for the full time."""
        return int(count * min(1.0, self.seconds / _SECONDS))

    def until(
        self, share: float, state: Callable[[], object], is_due: Callable[[], bool]
    ) -> Iterator[float]:
        """
        Yield the seconds that are left of a share; tell the state now and then.

        A machine with other work to do is given longer, until what is due is there.

        Args:
            share: the part of all seconds.
            state: returns what to tell.
            is_due: tells whether something is due yet.
        """
        began = told = time.monotonic()
        end = began + share * self.seconds
        last = began + _LONGER_TIMES * share * self.seconds
        while (now := time.monotonic()) < end or (is_due() and now < last):
            if now - told >= _PROGRESS_SECONDS:
                told = now
                print(f"  {now - began:3.0f} s: {state()}", flush=True)
            yield max(end - now, 1.0)


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """The run, as STRESS_SECONDS and STRESS_SEED ask for it."""
    run = Run(
        float(os.environ.get("STRESS_SECONDS") or _SECONDS),
        int(os.environ.get("STRESS_SEED") or random.randrange(2**32)),
    )
    print(f"\nstress: {run.seconds:.0f} s, STRESS_SEED={run.seed}", flush=True)
    yield run
    calls, checked, publications = (
        sum(getattr(counts, name) for counts in run.counts)
        for name in ("calls", "checked", "publications")
    )
    print(
        f"\nstress: {publications:,} publications, {calls:,} reads, {checked:,} whole "
        f"publications proven, {run.kills:,} writers killed, {run.stories} "
        f"stories of {run.steps:,} steps, STRESS_SEED={run.seed}",
        flush=True,
    )
