"""
A clock that goes on only when it is told to.

Owns: the time of day, and the time that nobody can step.
Must not know: who looks at it.
Runs in: the test process.
"""

from __future__ import annotations


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._of_day = 1.7e9

    def monotonic(self) -> float:
        """Return the time that nobody can step."""
        return self.now

    def time(self) -> float:
        """Return the time of day."""
        return self._of_day

    def forward(self, seconds: float) -> None:
        """Have time go by."""
        self.now += seconds
        self._of_day += seconds

    def step(self, seconds: float) -> None:
        """Have somebody set the time of day."""
        self._of_day += seconds
