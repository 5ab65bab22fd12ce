"""Which publisher hangs, and which one is only busy or has busy neighbours."""

from __future__ import annotations

import os

import pytest

from liveconfig.master import hang
from liveconfig.master.hang import Vigil


class Clocks:
    """The time on the wall, and that of a processor."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = self.processor = 1000.0
        self.is_known = True
        monkeypatch.setattr(hang.time, "monotonic", lambda: self.wall)
        monkeypatch.setattr(hang, "_processor_seconds", self._processor)

    def _processor(self, _: int) -> float | None:
        return self.processor if self.is_known else None

    def go_on(self, wall: float, processor: float = 0.0) -> None:
        """Let both go on."""
        self.wall += wall
        self.processor += processor


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Clocks that a test moves."""
    return Clocks(monkeypatch)


def _at_work(vigil: Vigil, pulse: int = 1) -> str:
    return vigil.trouble(pulse, 60.0, is_working=True)


def _idle(vigil: Vigil, pulse: int = 1) -> str:
    return vigil.trouble(pulse, 60.0, is_working=False)


def test_work_that_gets_little_of_a_busy_machine_is_left_alone(clocks: Clocks) -> None:
    """Ten minutes for ten seconds of work are the fault of others."""
    vigil = Vigil(1)
    for _ in range(600):
        assert _at_work(vigil) == ""
        clocks.go_on(1.0, 1 / 60)


def test_work_without_an_end_is_a_hang(clocks: Clocks) -> None:
    """What takes the processor for longer than any source may is told as that."""
    vigil = Vigil(1)
    assert _at_work(vigil) == ""
    clocks.go_on(30.0, 30.0)
    assert _at_work(vigil) == ""
    clocks.go_on(1.0, 1.0)
    assert _at_work(vigil) == "has worked at one source for 31 s of processor time"


def test_work_that_only_waits_is_a_hang(clocks: Clocks) -> None:
    """Code that waits for ever, or looks now and then whether it still must."""
    vigil = Vigil(1)
    assert _at_work(vigil) == ""
    for _ in range(31):
        assert _at_work(vigil) == ""
        clocks.go_on(1.0, 0.001)
    assert _at_work(vigil) == "has waited for 31 s within its work"


def test_time_that_cannot_be_read_is_held_against_nobody(clocks: Clocks) -> None:
    """A master without a free descriptor kills no publisher for that."""
    vigil = Vigil(1)
    assert _at_work(vigil) == ""
    clocks.is_known = False
    for _ in range(40):
        clocks.go_on(1.0, 0.5)
        assert _at_work(vigil) == ""
    # Work that begins now has used nothing yet, whatever was used before.
    assert _at_work(vigil, 2) == ""
    clocks.is_known = True
    assert _at_work(vigil, 2) == ""
    clocks.go_on(31.0, 31.0)
    assert _at_work(vigil, 2).startswith("has worked at one source for 31 s")


def test_each_source_has_the_time_of_one(clocks: Clocks) -> None:
    """What another source took before counts against none."""
    vigil = Vigil(1)
    for pulse in range(5):
        assert _at_work(vigil, pulse) == ""
        clocks.go_on(29.0, 29.0)
        assert _at_work(vigil, pulse) == ""


def test_idle_one_looks_in_time_or_is_a_hang(clocks: Clocks) -> None:
    """One that does not work says something within its interval and some more."""
    vigil = Vigil(1)
    assert _idle(vigil) == ""
    clocks.go_on(90.0)
    assert _idle(vigil) == ""
    clocks.go_on(1.0)
    assert _idle(vigil) == "has done nothing for 91 s"
    assert _idle(vigil, 2) == ""


def test_processor_time_is_that_of_the_kernel() -> None:
    """It grows while a process works, and there is none of one that is gone."""
    before = hang._processor_seconds(os.getpid())
    while hang._processor_seconds(os.getpid()) == before:
        pass
    assert hang._processor_seconds(2**22 + 1) is None
