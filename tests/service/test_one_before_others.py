"""A config that one worker tries before the others, in a real service."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.service.conftest import EVERY_KIND_OF_WORKER, StartServer
from tests.service.test_trial import Service
from tests.support.damage import overwrite
from tests.support.eventually import eventually
from tests.support.server import all_ended
from tests.support.tallies import memory_of

_LOST = -1
_RECORD_BYTES = 200_000
_CANARY = {"LIVECONFIG_TRIAL": "canary"}
_SYNC = ("--worker-class=sync", "--threads=1")


@pytest.fixture
def service(tmp_path: Path, start_server: StartServer) -> Service:
    """A service that is not started, whose mode `good` is proven."""
    service = Service(tmp_path, start_server)
    service.store("good")
    return service


def _start(service: Service, *arguments: str, **options: Any) -> None:
    service.start(*arguments, environ=_CANARY, workers=3, **options)
    eventually(lambda: _versions(service) == {1: 3})


def _taken(service: Service) -> Any:
    """Return the trial as soon as its worker has what is tried."""

    def trial() -> Any:
        status = service.status()
        held = {each["pid"]: each["version"] for each in status["workers"]}
        found = status["trial"]
        if found and held.get(found["worker"]) == found["version"]:
            return found
        return None

    return eventually(trial)


def _versions(service: Service) -> Counter[int]:
    return Counter(each["version"] for each in service.status()["workers"])


def _passes(service: Service, mode: str) -> None:
    """Wait until all workers serve what was tried, and check that none was harmed."""
    eventually(lambda: service.status()["converged"] and not service.status()["trial"])
    assert service.server.get().text == mode
    status = service.status()
    assert status["withdrawn"] is None
    assert status["proven"]["digest"] == status["digest"]


@EVERY_KIND_OF_WORKER
def test_one_worker_alone_tries_it(service: Service, kind: list[str]) -> None:
    """What fails there is taken back, and no other worker has served it."""
    _start(service, "--worker-class", *kind)
    service.edit("raise")
    trial = _taken(service)
    assert (trial["version"], trial["mode"]) == (2, "canary")
    status = service.status()
    eventually(lambda: _versions(service) == {1: 2, 2: 1})
    assert not any(each["is_behind"] for each in status["workers"])
    answers: Counter[int] = Counter()
    eventually(lambda: answers.update(service.ask()) or service.status()["withdrawn"])
    assert set(answers) == {200, 500}
    answers.update(service.ask_until("good"))
    assert 16 <= answers[500] <= 60
    status = service.status()
    assert status["withdrawn"]["version"] == 2
    eventually(lambda: _versions(service) == {4: 3})
    assert service.ask(40) == {200: 40}
    service.server.wait_for_line(f"version 2 is on trial .* {trial['worker']} alone")
    service.server.wait_for_line("version 2 is taken back")
    pids = {each["pid"] for each in status["workers"]}
    assert pids == service.server.worker_pids


def test_config_that_aborts_workers_costs_one_request(service: Service) -> None:
    """No second worker tries it, and a container that starts again does not either."""
    _start(service, *_SYNC)
    service.edit("abort")
    _taken(service)
    answers: Counter[int] = Counter()
    eventually(lambda: answers.update(service.ask(2)) or service.status()["withdrawn"])
    answers.update(service.ask_until("good"))
    assert answers[_LOST] == 1
    assert set(answers) == {200, _LOST}
    assert service.status()["withdrawn"]["deaths"] == 1
    service.kill()
    service.start(environ=_CANARY)
    assert service.ask() == {200: 8}


def test_good_config_goes_to_all(service: Service) -> None:
    """Under the number that it was tried as, whether anybody asked or not."""
    _start(service, seconds=2)
    service.edit("better")
    _taken(service)
    assert not service.status()["converged"]
    _passes(service, "better")
    assert _versions(service) == {2: 3}
    service.server.wait_for_line("version 2 has passed .* accepted without a request")
    service.server.wait_for_line("version 2 is live for all workers")
    service.edit("best")
    _taken(service)
    _passes(service, "best")
    assert _versions(service) == {3: 3}
    assert not service.server.lines("overwritten")


def test_overwritten_offer_is_made_again(service: Service) -> None:
    """The worker that tries it is found to have what nobody offers any more."""
    _start(service)
    service.edit("better")
    version = _taken(service)["version"]
    path = memory_of(service.server, "liveconfig-candidate")
    overwrite(path, 64, bytes(_RECORD_BYTES))
    eventually(lambda: _taken(service)["version"] > version)
    assert service.server.lines("overwritten by something else")
    assert set(service.ask(40)) == {200}


def test_killed_worker_is_replaced(service: Service) -> None:
    """That somebody killed it says nothing of what it tried."""
    _start(service, *_SYNC, seconds=4)
    service.edit("better")
    first = _taken(service)["worker"]
    psutil.Process(first).kill()
    eventually(lambda: _taken(service)["worker"] != first)
    _passes(service, "better")
    assert len(service.server.lines("is on trial .* alone")) == 2


def test_worker_that_stands_still_is_replaced(service: Service) -> None:
    """It does not take what it is to try, so another one does."""
    _start(service, seconds=2)
    standing = psutil.Process(service.status()["workers"][0]["pid"])
    standing.suspend()
    try:
        service.edit("better")
        eventually(lambda: service.server.lines(f"in worker {standing.pid} alone"))
        assert _taken(service)["worker"] != standing.pid
        eventually(lambda: service.server.lines("live for all workers"))
    finally:
        standing.resume()
    _passes(service, "better")


def _reload(service: Service) -> None:
    before = service.server.worker_pids
    service.server.signal(signal.SIGHUP)
    eventually(lambda: not before & service.server.worker_pids)


def _shrink(service: Service) -> None:
    """Have fewer workers: gunicorn ends the oldest, which is the one that tries."""
    service.server.signal(signal.SIGTTOU)
    eventually(lambda: len(service.server.worker_pids) == 2)
    service.server.signal(signal.SIGTTIN)
    eventually(lambda: len(service.server.worker_pids) == 3)


@pytest.mark.parametrize("end", [_reload, _shrink])
def test_worker_that_is_asked_to_end_is_replaced(
    service: Service, end: Callable[[Service], None]
) -> None:
    """That is no death, and those that come have what all have."""
    _start(service, seconds=10)
    service.edit("better")
    first = _taken(service)["worker"]
    end(service)
    assert first not in service.server.worker_pids
    eventually(lambda: _taken(service)["worker"] != first)
    eventually(lambda: _versions(service) == {1: 2, 2: 1})
    _passes(service, "better")


def test_workers_that_are_recycled_try_in_turns(service: Service) -> None:
    """However soon each of them ends in order, the trial comes to its end."""
    _start(service, *_SYNC, "--max-requests=8", seconds=4)
    service.edit("better")
    _taken(service)
    answers: Counter[int] = Counter()

    def is_over() -> bool:
        answers.update(service.ask())
        return service.status()["trial"] is None

    eventually(is_over)
    assert len(service.server.lines("is on trial .* alone")) > 1
    _passes(service, "better")


def test_second_change_is_tried_by_the_same_worker(service: Service) -> None:
    """What is gone back to is what was proven, and not the one between."""
    _start(service)
    service.edit("unknown")
    first = _taken(service)["worker"]
    service.edit("raise")
    eventually(lambda: _taken(service)["version"] == 3)
    assert _taken(service)["worker"] == first
    eventually(lambda: service.ask() and service.status()["withdrawn"])
    service.ask_until("good")
    assert service.status()["withdrawn"]["version"] == 3
    eventually(lambda: _versions(service) == {4: 3})


def test_publisher_killed_during_a_trial_is_succeeded(service: Service) -> None:
    """Its successor goes on in the same worker, and takes it back."""
    _start(service)
    service.edit("raise")
    trial = _taken(service)
    # It says so a moment after the worker has it.
    service.server.wait_for_line("is on trial .* alone")
    publisher = service.server.publisher
    assert publisher is not None
    publisher.kill()
    eventually(lambda: service.server.publisher not in (publisher, None))
    eventually(lambda: service.ask() and service.status()["withdrawn"])
    service.ask_until("good")
    assert service.status()["withdrawn"]["version"] == trial["version"]
    assert len(service.server.lines("is on trial .* alone")) == 1
    assert not all_ended([service.server.master])
