"""
Waiting for a condition with a deadline: the one place in the tests that sleeps.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Far above anything that is promised, so that a machine with other work to do fails
# no test. TEST_PATIENCE_SECONDS sets another: a test that is meant to fail need not
# take as long.
PATIENCE_SECONDS = float(os.environ.get("TEST_PATIENCE_SECONDS") or 60.0)

_PAUSE_SECONDS = 0.002


def eventually(condition: Callable[[], T], seconds: float | None = None) -> T:
    """
    Call `condition` until it returns something true, and return that.

    Args:
        condition: called again and again.
        seconds: the deadline, where it is not `PATIENCE_SECONDS`.

    Raises:
        AssertionError: it did not within the deadline; says what it returned last.
    """
    seconds = PATIENCE_SECONDS if seconds is None else seconds
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds} s, last result: {result!r}")
        time.sleep(_PAUSE_SECONDS)


def spend(seconds: float) -> None:
    """Let time pass for a stand-in that does nothing else, as `preStop` does."""
    time.sleep(seconds)
