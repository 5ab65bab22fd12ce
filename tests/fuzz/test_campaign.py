"""The machinery of the inputs itself: it notices what it is there to notice."""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.campaign import Cost, Result, Target, replay, shrunk
from tests.fuzz.mutator import Mutator

_COST = Cost(processor_seconds_max=0.3, seconds_max=60.0, memory_bytes_max=50_000_000)
_SOON = Cost(processor_seconds_max=60.0, seconds_max=0.5)
_INPUTS = [b"good", b"bad", b"never tried"]


def _replayed(harm: Callable[[], object], cost: Cost = _COST) -> Result:
    def check(content: bytes, place: Path) -> str:
        if content == b"bad":
            harm()
        return "done"

    return replay(Target("test", (), check), _INPUTS, cost)


def _turn_forever() -> None:
    for _ in itertools.count():
        pass


def _raise() -> None:
    raise RecursionError("too deep")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (_raise, "RecursionError: too deep"),
        (lambda: bytes(100_000_000), "MemoryError"),
        (_turn_forever, f"wait status {signal.SIGPROF.value}"),
        (lambda: ctypes.string_at(0), f"wait status {signal.SIGSEGV.value}"),
        (lambda: os._exit(0), "wait status 0"),
    ],
)
def test_whatever_an_input_does_is_noticed(
    harm: Callable[[], object], reason: str
) -> None:
    """An error, memory, time, a crash: the result names the input and the reason."""
    result = _replayed(harm)
    assert (result.tried, result.failure) == (2, b"bad")
    assert reason in result.reason


def test_input_that_waits_for_ever_is_noticed() -> None:
    """A reader that waits uses up the time of the clock, and is ended all the same."""
    result = _replayed(lambda: os.read(os.pipe()[0], 1), _SOON)
    assert (result.tried, result.failure) == (2, b"bad")
    assert f"wait status {signal.SIGALRM.value}" in result.reason


def test_good_inputs_are_counted() -> None:
    """Where nothing is wrong, all are tried, and what came of them is told apart."""
    assert _replayed(lambda: None) == Result(3, 1)


def test_failing_input_is_made_short() -> None:
    """Of a failing input only what makes it fail is kept."""

    def check(content: bytes, place: Path) -> str:
        assert not (b"x" in content and b"y" in content)
        return ""

    target = Target("test", (), check)
    assert shrunk(target, b"some x and some y as well", _COST) == b"xy"


def test_same_number_makes_the_same_inputs() -> None:
    """A run can be repeated from its number, and another number is another run."""

    def inputs(number: int) -> list[bytes]:
        mutator = Mutator(number, [b"one: 1\n", b"[two, 2]"], [b"token"])
        made = []
        for _ in range(300):
            made.append(mutator.next())
            mutator.learn(made[-1], str(len(made[-1])))
        return made

    assert inputs(1) == inputs(1)
    assert inputs(1) != inputs(2)
    assert len(set(inputs(1))) > 200
