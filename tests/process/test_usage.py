"""The measuring of what processes hold: it sees a leak of each kind."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.support.children import Child
from tests.support.eventually import eventually
from tests.support.usage import Usage, leaks, usage_of

_LEAK_BYTES = 4 * 2**20


def _usage(child: Child) -> dict[str, Usage]:
    return {"role": usage_of([psutil.Process(child.pid)])}


def _open_a_descriptor(kept: list[object]) -> None:
    kept.append(os.dup(0))


def _start_a_thread(kept: list[object]) -> None:
    threading.Thread(target=signal.pause, daemon=True).start()


def _keep_memory(kept: list[object]) -> None:
    kept.append(b"x" * _LEAK_BYTES)


class Leaking:
    """A child that leaks when it is told to."""

    def __init__(self, leak: Callable[[list[object]], None]) -> None:
        self._ready, self._go = os.pipe(), os.pipe()
        self._child = Child(lambda: self._wait_and_leak(leak))
        # Only then has it closed what it inherited and does not need.
        os.read(self._ready[0], 1)

    def _wait_and_leak(self, leak: Callable[[list[object]], None]) -> None:
        kept: list[object] = []
        os.write(self._ready[1], b"x")
        os.read(self._go[0], 1)
        leak(kept)
        signal.pause()

    def usage(self) -> dict[str, Usage]:
        """Measure it."""
        return {"role": usage_of([psutil.Process(self._child.pid)])}

    def leak(self) -> None:
        """Have it leak."""
        os.write(self._go[1], b"x")

    def close(self) -> None:
        """End it."""
        self._child.kill()
        for descriptor in (*self._ready, *self._go):
            os.close(descriptor)


@pytest.fixture
def start() -> Iterator[Callable[..., Leaking]]:
    """A function that starts a leaking child; all are ended."""
    started: list[Leaking] = []

    def start(leak: Callable[[list[object]], None]) -> Leaking:
        started.append(Leaking(leak))
        return started[-1]

    yield start
    for leaking in started:
        leaking.close()


@pytest.mark.parametrize(
    ("leak", "name"),
    [
        (_open_a_descriptor, "descriptors"),
        (_start_a_thread, "threads"),
        (_keep_memory, "memory"),
    ],
)
def test_leak_is_named(
    start: Callable[..., Leaking], leak: Callable[[list[object]], None], name: str
) -> None:
    """A process that holds more than before is told, with what there is more of."""
    leaking = start(leak)
    before = leaking.usage()
    leaking.leak()
    (found,) = eventually(lambda: leaks(before, leaking.usage()))
    assert found.startswith(f"role: {name} ")


def test_one_process_more_is_a_leak() -> None:
    """A process of a role that there was not before is told as well."""
    own = psutil.Process()
    before, after = {"role": usage_of([own])}, {"role": usage_of([own, own])}
    assert leaks(before, after) == ["role: processes 1 -> 2"]
