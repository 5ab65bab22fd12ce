"""Minutes of flips, load, reloads and kills leave every process as it was."""

from __future__ import annotations

import http.client
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psutil
import pytest

from tests.support.eventually import eventually
from tests.support.load import Load
from tests.support.server import Server, all_ended
from tests.support.usage import Usage, leaks, table, usage_by_role
from tests.support.volume import ConfigMapVolume

pytestmark = pytest.mark.stress

_SECONDS = 600.0
# What is measured first: by then everything has happened once, and caches are full.
_WARM_SECONDS_MAX = 60.0
_PROGRESS_SECONDS = 10.0

_WORKERS = 2
_CLIENTS = 2

# A flip in so many is to a file that is rejected.
_BAD_EVERY = 20

# How long on average until the same happens again.
_RELOAD_SECONDS = 20.0
# One that lived for less than 10 s is started again later and later.
_PUBLISHER_SECONDS = 15.0
_WORKER_SECONDS = 5.0

_DEADLINE_SECONDS = 30.0
_REQUESTS_BEFORE = 200


class Soaked:
    """
    A server whose volume flips all the time.

    Attributes:
        name: for messages.
        server: the server.
        did: what was done to it, and how often.
        problems: what clients were answered that they should not have been.
    """

    def __init__(self, name: str, directory: Path) -> None:
        """Start the server."""
        self.name = name
        self.did: Counter[str] = Counter()
        self.problems: list[str] = []
        self._numbers = count(1)
        self._newest = "start"
        self._replaced: set[int] = set()
        place = directory / name
        (place / "cache").mkdir(parents=True)
        self._volume = ConfigMapVolume(place / "volume", self._files())
        self.server = Server(
            self._volume.path("config.yaml"),
            place,
            workers=_WORKERS,
            environ={
                "LIVECONFIG_CACHE_DIR": str(place / "cache"),
                # The workers that are killed here did not die of their config.
                "LIVECONFIG_TRIAL": "off",
            },
        )

    def _files(self) -> dict[str, str]:
        return {"config.yaml": f"message: {self._newest}\n"}

    @contextmanager
    def loaded(self) -> Iterator[None]:
        """Have clients ask the server, and keep what was wrong."""
        with Load(self.server, _CLIENTS) as load:
            yield
        self.did["answered"] += load.answered
        self.problems += load.problems

    def flip(self) -> None:
        """Flip, mostly to a good config, and wait until that is served."""
        number = next(self._numbers)
        if number % _BAD_EVERY == 0:
            self._volume.flip({"config.yaml": f"message: [{number}\n"})
            self.did["rejected"] += 1
        self._newest = f"message {number}"
        self._volume.flip(self._files())
        self.did["flips"] += 1
        eventually(self._is_served, _DEADLINE_SECONDS)

    def _is_served(self) -> bool:
        try:
            return self.server.get().text == self._newest
        except (OSError, http.client.HTTPException) as error:
            self.problems.append(repr(error))
            return False

    def reload(self) -> None:
        """Have the master replace the publisher and every worker."""
        self._replaced |= self.server.worker_pids
        self.server.signal(signal.SIGHUP)

    def kill_publisher(self) -> None:
        """Kill -9 the publisher, if there is one just now."""
        publisher = self.server.publisher
        if publisher is not None:
            with suppress(psutil.NoSuchProcess):
                publisher.kill()

    def kill_worker(self) -> None:
        """Kill -9 a worker, if it is there still."""
        pid = min(self.server.worker_pids, default=None)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def pids(self) -> set[int]:
        """Return all its processes."""
        return {process.pid for process in self.server.family()}

    def measure(self) -> dict[str, Usage]:
        """Measure the server when all that was begun has come to its end."""
        eventually(self._is_complete, _DEADLINE_SECONDS)
        self.flip()
        self.server.wait_until_all_serve(self._newest)
        # So that even a worker that has just been started has done everything.
        for _ in range(_REQUESTS_BEFORE):
            assert self.server.get().status == 200
        return usage_by_role(self.server)

    def _is_complete(self) -> bool:
        pids = self.server.worker_pids
        return (
            len(pids) == _WORKERS
            and not pids & self._replaced
            and self.server.publisher is not None
            and len(self.server.family()) == 1 + 2 + _WORKERS
        )

    def measure_again(self, before: Mapping[str, Usage]) -> dict[str, Usage]:
        """Measure until nothing is more than before, or will not come to that."""
        found: list[dict[str, Usage]] = []

        def is_as_before() -> bool:
            found.append(self.measure())
            return not leaks(before, found[-1])

        with suppress(AssertionError):
            eventually(is_as_before)
        return found[-1]


class Weather:
    """What happens to a server that is not left in peace, at random moments."""

    def __init__(self, soaked: Soaked, chance: random.Random) -> None:
        """Prepare; nothing happens yet."""
        self._soaked = soaked
        self._chance = chance
        self._events: dict[str, tuple[Callable[[], None], float]] = {
            "reloads": (soaked.reload, _RELOAD_SECONDS),
            "publishers killed": (soaked.kill_publisher, _PUBLISHER_SECONDS),
            "workers killed": (soaked.kill_worker, _WORKER_SECONDS),
        }
        self._due = {name: self._next(name) for name in self._events}

    def _next(self, name: str) -> float:
        return time.monotonic() + self._events[name][1] * self._chance.uniform(0.5, 1.5)

    def happen(self) -> None:
        """Have happen what is due."""
        for name, at in self._due.items():
            if time.monotonic() >= at:
                self._events[name][0]()
                self._soaked.did[name] += 1
                self._due[name] = self._next(name)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Soaked]]:
    """A function that starts a server by name; all are ended."""
    servers: list[Server] = []

    def start(name: str) -> Soaked:
        soaked = Soaked(name, tmp_path)
        servers.append(soaked.server)
        soaked.server.wait_until_ready()
        return soaked

    yield start
    for server in servers:
        server.stop()


def _soak(steady: Soaked, stormy: Soaked, weather: Weather, seconds: float) -> None:
    began = told = time.monotonic()
    with steady.loaded(), stormy.loaded():
        while (now := time.monotonic()) < began + seconds:
            for soaked in (steady, stormy):
                soaked.flip()
            weather.happen()
            if now - told >= _PROGRESS_SECONDS:
                told = now
                done = ", ".join(f"{n} {name}" for name, n in stormy.did.items())
                print(f"  {now - began:3.0f} s of {seconds:.0f}: {done}", flush=True)


def _check_answers(soaked: Soaked) -> None:
    """Check that nobody got a wrong answer, and who got none asked a killed worker."""
    broken = [problem for problem in soaked.problems if "version" in problem]
    broken += [problem for problem in soaked.problems if problem.startswith("status")]
    assert broken == []
    # A worker of this kind answers one request at a time.
    assert len(soaked.problems) <= soaked.did["workers killed"], soaked.problems


def test_minutes_of_everything_leave_nothing_behind(
    start: Callable[[str], Soaked],
) -> None:
    """Descriptors, threads, processes and memory are as after the first minute."""
    seconds = float(os.environ.get("SOAK_SECONDS") or _SECONDS)
    seed = int(os.environ.get("SOAK_SEED") or random.randrange(2**32))
    print(f"\nsoak: {seconds:.0f} s, SOAK_SEED={seed}", flush=True)
    shared = set(os.listdir("/dev/shm"))
    steady, stormy = start("steady"), start("stormy")
    weather = Weather(stormy, random.Random(seed))
    warm_seconds = min(_WARM_SECONDS_MAX, seconds / 4)

    _soak(steady, stormy, weather, warm_seconds)
    before = {soaked: soaked.measure() for soaked in (steady, stormy)}
    pids = steady.pids()
    _soak(steady, stormy, weather, seconds - warm_seconds)
    after = {soaked: soaked.measure_again(before[soaked]) for soaked in before}

    for soaked in (steady, stormy):
        done = ", ".join(f"{number:,} {name}" for name, number in soaked.did.items())
        print(f"\n{soaked.name}: {done}\n{table(before[soaked], after[soaked])}")
    assert steady.pids() == pids, "one was replaced that was left in peace"
    families = [soaked.server.family() for soaked in (steady, stormy)]
    for soaked in (steady, stormy):
        soaked.server.stop()
        _check_answers(soaked)
        assert leaks(before[soaked], after[soaked]) == [], soaked.name
    eventually(lambda: all(map(all_ended, families)))
    assert set(os.listdir("/dev/shm")) <= shared
