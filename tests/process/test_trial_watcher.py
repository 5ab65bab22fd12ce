"""A watcher that looks after a trial between the changes of its file."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from liveconfig.publishing.trial_watcher import TrialWatcher
from tests.support.eventually import eventually


class Trying:
    """Something to look after, which counts how often that is done."""

    def __init__(self) -> None:
        self.next_look = math.inf
        self.looks = 0
        self.acts = 0
        self.then: Callable[[], object] = lambda: None

    def look(self) -> None:
        """Count, and do what is to be done then."""
        self.looks += 1
        self.then()

    def act(self) -> None:
        """Count a call for a change."""
        self.acts += 1


@pytest.fixture
def trying() -> Trying:
    """What there is to look after."""
    return Trying()


@pytest.fixture
def watcher(trying: Trying, tmp_path: Path) -> Iterator[TrialWatcher]:
    """A watcher of a file that nobody touches, which runs."""
    path = tmp_path / "config.yaml"
    path.write_text("1\n")
    with TrialWatcher(trying, path, trying.act, settle_ms=10, poll_seconds=3600) as it:
        yield it


def _begin(watcher: TrialWatcher, trying: Trying, every_seconds: float) -> None:
    def again() -> None:
        trying.next_look = time.monotonic() + every_seconds

    trying.then = again
    again()
    watcher.wake()


def test_trial_is_looked_after_though_nothing_changes(
    watcher: TrialWatcher, trying: Trying
) -> None:
    """Again and again, and the file is not read for that."""
    _begin(watcher, trying, 0.01)
    eventually(lambda: trying.looks >= 20)
    assert trying.acts == 1


def test_nothing_wakes_when_there_is_no_trial(
    watcher: TrialWatcher, trying: Trying
) -> None:
    """After the last look the next wait is as long as without one."""
    waits: list[float] = []
    trying.next_look = 0.0

    def end() -> None:
        trying.next_look = math.inf

    trying.then = end
    watcher.wake()
    eventually(lambda: trying.looks == 1)
    poll = watcher._poller

    class _Poller:
        def poll(self, timeout_ms: float) -> list[tuple[int, int]]:
            waits.append(timeout_ms)
            return poll.poll(timeout_ms)

    watcher._poller = _Poller()  # type: ignore[assignment]
    watcher.wake()
    eventually(lambda: waits)
    assert min(waits) > 3_000_000
    assert trying.looks == 1
    watcher._poller = poll


def test_changes_put_no_look_off(
    watcher: TrialWatcher, trying: Trying, tmp_path: Path
) -> None:
    """A source that changes all the time is looked after as any other."""
    _begin(watcher, trying, 0.01)
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            (tmp_path / "new").write_text("2\n")
            (tmp_path / "new").rename(tmp_path / "config.yaml")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        eventually(lambda: trying.acts >= 20)
        before = trying.looks
        eventually(lambda: trying.looks >= before + 20)
    finally:
        is_over.set()
        thread.join()


def test_whoever_wakes_it_has_it_look_at_once(
    watcher: TrialWatcher, trying: Trying
) -> None:
    """As the master does when a worker has died: that need not wait for its turn."""
    trying.next_look = time.monotonic() + 3600
    watcher.wake()
    eventually(lambda: trying.looks == 1)
