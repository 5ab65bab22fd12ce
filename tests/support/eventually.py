"""
Waiting for a condition with a deadline: the one place in the tests that sleeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.002


def eventually(condition: Callable[[], T], seconds: float = 5.0) -> T:
    """
    Call `condition` until it returns something true, and return that.

    Raises:
        AssertionError: it did not within `seconds`; says what it returned last.
    """
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds} s, last result: {result!r}")
        time.sleep(_PAUSE_SECONDS)
