"""A config on which the code fails, in a real service under requests."""

from __future__ import annotations

import http.client
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from liveconfig.publishing.cache import Cache
from liveconfig.schema.schema import Schema
from tests.service.conftest import EVERY_KIND_OF_WORKER, StartServer
from tests.support import openapi
from tests.support.eventually import eventually
from tests.support.own_service import write
from tests.support.server import Server, all_ended
from tests.support.volume import ConfigMapVolume

_CODE = """\
import os
import time

from liveconfig import ConfigManager
from liveconfig.operators.admin import create_admin_app
from liveconfig.wsgi import by_port

manager = ConfigManager()


def answer(environ, start_response):
    mode = manager.get()["mode"]
    if environ["PATH_INFO"] == "/livez":
        mode = "alive"
    if mode == "raise":
        raise RuntimeError("the code has no such mode")
    if mode == "abort":
        os.abort()
    if mode == "hang":
        time.sleep(3600)
    body = mode.encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


app = by_port(
    answer, {int(os.environ["LIVECONFIG_ADMIN_PORT"]): create_admin_app(manager)}
)
"""
_MENDED = _CODE.replace('raise RuntimeError("the code has no such mode")', "pass")
_FAILS_TO_BOOT = """
if manager.get()["mode"] == "boot":
    raise RuntimeError("the code cannot start with it")
"""
_CONF = """\
import os

from liveconfig.gunicorn import *

wsgi_app = "moody:app"
ports = os.environ["PORT"], os.environ["LIVECONFIG_ADMIN_PORT"]
bind = [f"127.0.0.1:{port}" for port in ports]
"""
_BYTES_MAX = 4 * 1024 * 1024
_LOST = -1
_ANSWERS = yaml.safe_load(openapi.PATH.read_text())["components"]["responses"]
_NOT_READY = _ANSWERS["NotReady"]["content"]


class Service:
    """A service whose code fails for some modes, and its volume."""

    def __init__(self, directory: Path, start_server: StartServer) -> None:
        self.directory = directory
        self.volume = ConfigMapVolume(directory / "volume", {"config.yaml": ""})
        self.cache = directory / "cache"
        self._start_server = start_server
        write(directory / "moody.py", _CODE)
        self._conf = write(directory / "moody.conf.py", _CONF)
        self.edit("good")
        self.server: Server = None  # type: ignore[assignment]

    @property
    def path(self) -> Path:
        """The source."""
        return self.volume.path("config.yaml")

    def edit(self, mode: str, *, remark: str = "") -> None:
        """Put another mode into the source."""
        self.volume.flip({"config.yaml": f"mode: {mode}\n{remark}"})

    def store(self, mode: str) -> None:
        """Have the cache hold a mode that is proven."""
        cache = Cache(str(self.cache), str(self.path), "", _BYTES_MAX)
        cache.store(Schema.load("").pack({"mode": mode}).payload)

    def start(self, *arguments: str, seconds: int = 600, **options: Any) -> None:
        """Start it, on the cache that there may be."""
        environ = {
            "PYTHONPATH": str(self.directory),
            "LIVECONFIG_CACHE_DIR": str(self.cache),
            "LIVECONFIG_TRIAL_SECONDS": str(seconds),
            **options.pop("environ", {}),
        }
        self.server = self._start_server(
            self.path,
            probe="/livez",
            arguments=arguments,
            config_file=self._conf,
            environ=environ,
            **options,
        )

    def ask(self, count: int = 8) -> Counter[int]:
        """Return how often each status was the answer to some requests."""
        with ThreadPoolExecutor(4) as pool:
            return Counter(pool.map(lambda _: self._status(), range(count)))

    def _status(self) -> int:
        try:
            return self.server.get().status
        except (OSError, http.client.HTTPException):
            return _LOST

    def ask_until(self, mode: str) -> Counter[int]:
        """Ask until only this mode is served again, and return all answers."""
        answers: Counter[int] = Counter()

        def is_back() -> bool:
            found = self.ask()
            answers.update(found)
            return set(found) == {200} and self.server.get().text == mode

        eventually(is_back)
        return answers

    def kill(self) -> None:
        """End all processes at once, as the kernel ends a container."""
        family = self.server.family()
        for process in family:
            process.suspend()
        for process in family:
            process.kill()
        eventually(lambda: all_ended(family))

    def status(self) -> Any:
        """Return what `/status` says."""
        return self.server.status()


@pytest.fixture
def service(tmp_path: Path, start_server: StartServer) -> Service:
    """A service that is not started, whose mode `good` is proven."""
    service = Service(tmp_path, start_server)
    service.store("good")
    return service


def _requests(service: Service) -> int:
    trial = service.status()["trial"]
    return int(trial["requests"]) if trial else -1


@EVERY_KIND_OF_WORKER
def test_config_on_which_the_code_fails_is_taken_back(
    service: Service, kind: list[str]
) -> None:
    """By itself, after few failures, in every worker, and the author is not needed."""
    service.start("--worker-class", *kind)
    assert service.ask() == {200: 8}
    service.edit("raise")
    eventually(lambda: 500 in service.ask())
    answers = service.ask_until("good")
    assert answers[500] < 500
    status = service.status()
    assert (status["version"], status["trial"]) == (3, None)
    withdrawn, proven = status["withdrawn"], status["proven"]
    assert withdrawn["version"] == 2
    assert withdrawn["failures"] >= 16
    assert withdrawn["share"] == 1.0
    assert (proven["version"], proven["digest"]) == (3, status["digest"])
    assert status["history"][0]["reason"] == withdrawn["reason"]
    service.server.wait_for_line("version 2 is taken back, .* requests failed")
    for each in service.server.status_of_each_worker().values():
        assert each["worker"]["version"] == 3
    assert service.server.get("/readyz", admin=True).status == 200
    # Laid out otherwise it is the same, and nobody serves it again.
    service.edit("raise", remark="# once more\n")
    service.server.wait_for_line("not tried again .* requests failed")
    assert service.ask() == {200: 8}
    assert service.status()["version"] == 3


def test_config_that_kills_workers_is_taken_back(service: Service) -> None:
    """And a container that starts again does not serve it."""
    service.start("--worker-class=sync", "--threads=1")
    service.edit("abort")
    eventually(lambda: _LOST in service.ask(2))
    service.ask_until("good")
    assert service.status()["withdrawn"]["deaths"] >= 2
    service.kill()
    service.start()
    assert service.ask() == {200: 8}
    assert service.status()["withdrawn"]["deaths"] >= 2


def test_trial_lasts_longer_than_a_request_that_hangs(service: Service) -> None:
    """Its worker dies of it after gunicorn's timeout, and not before."""
    service.start("--timeout=100", environ={"LIVECONFIG_TRIAL_SECONDS": ""})
    service.edit("other")
    trial = eventually(lambda: service.status()["trial"])
    assert 100 < trial["seconds_left"] <= 110


def test_config_on_which_workers_hang_is_taken_back(service: Service) -> None:
    """No request is ever counted of it: they die with their workers."""
    service.start("--worker-class=sync", "--threads=1", "--timeout=2")
    service.edit("hang")
    eventually(lambda: service.ask(4) and service.server.lines("is taken back"))
    service.ask_until("good")
    assert "workers died" in service.status()["withdrawn"]["reason"]


def test_good_config_is_proven(service: Service) -> None:
    """After its time, and it is what a start falls back to from then on."""
    service.start(seconds=3)
    service.edit("better")
    trial = eventually(lambda: service.status()["trial"])
    assert (trial["version"], trial["mode"], trial["failures"]) == (2, "watch", 0)
    assert trial["seconds_left"] <= 3
    service.server.wait_for_line("version 2 has passed its trial")
    status = service.status()
    assert status["proven"]["digest"] == status["digest"]
    # Its trial is over on the disk as well once the cache holds it.
    eventually(lambda: not (service.cache / "trial").exists())
    service.kill()
    service.edit("[")
    service.start()
    assert service.server.get().text == "better"


def test_two_changes_in_one_trial_go_back_to_the_proven_one(service: Service) -> None:
    """Nobody knows whether the one between is good."""
    service.start()
    service.edit("unknown")
    eventually(lambda: service.server.get().text == "unknown")
    service.edit("raise")
    eventually(lambda: 500 in service.ask())
    service.ask_until("good")
    assert service.status()["withdrawn"]["version"] == 3


def test_change_during_a_trial_is_tried(service: Service) -> None:
    """The author may be faster than the trial."""
    service.start()
    service.edit("unknown")
    eventually(lambda: service.status()["trial"])
    service.edit("other")
    eventually(lambda: service.server.get().text == "other")
    eventually(lambda: service.status()["trial"]["version"] == 3)
    service.edit("good")
    eventually(lambda: service.server.get().text == "good")
    eventually(lambda: service.status()["version"] == 4)
    assert service.status()["trial"] is None


def test_reload_tries_again_with_the_new_code(service: Service) -> None:
    """Not with the workers of before: they would have it taken back once more."""
    service.start()
    service.edit("raise")
    eventually(lambda: 500 in service.ask())
    service.ask_until("good")
    write(service.directory / "moody.py", _MENDED)
    before = service.server.worker_pids
    service.server.signal(signal.SIGHUP)
    eventually(lambda: not before & service.server.worker_pids)
    answers = service.ask_until("raise")
    assert set(answers) == {200}
    # The publisher notes its own state a moment after the workers are woken.
    trial = eventually(lambda: service.status()["trial"])
    assert trial["failures"] == 0
    assert service.status()["withdrawn"] is None


def test_publisher_killed_during_a_trial_is_succeeded(service: Service) -> None:
    """Its successor goes on with the same trial, and takes it back."""
    service.start()
    service.edit("raise")
    eventually(lambda: service.status()["trial"])
    publisher = service.server.publisher
    assert publisher is not None
    publisher.suspend()
    service.ask(40)
    began_at = service.status()["trial"]["began_at"]
    publisher.kill()
    service.ask_until("good")
    assert began_at
    assert service.status()["withdrawn"]["version"] == 2
    assert not service.server.lines("version 2 has passed")


def test_worker_killed_during_a_trial_condemns_nothing(service: Service) -> None:
    """One may be killed by anybody; the trial goes on."""
    service.start()
    service.edit("other")
    eventually(lambda: service.server.get().text == "other")
    victim = psutil.Process(min(service.server.worker_pids))
    victim.kill()
    eventually(lambda: all_ended([victim]))
    eventually(lambda: len(service.server.worker_pids) == 2)
    before = _requests(service)
    service.ask()
    eventually(lambda: _requests(service) > before)
    assert service.server.get().text == "other"


@pytest.mark.parametrize("is_over", [False, True])
def test_container_that_starts_again_does_not_serve_what_hurts(
    service: Service, is_over: bool
) -> None:
    """During the trial as after it: the proven one is served, and `/status` says so."""
    service.start()
    service.edit("raise")
    if is_over:
        eventually(lambda: 500 in service.ask())
        service.ask_until("good")
    else:
        eventually(lambda: service.status()["trial"])
    service.kill()
    service.start()
    assert service.ask() == {200: 8}
    status = service.status()
    assert (status["origin"], status["version"]) == ("cache", 1)
    word = "requests failed" if is_over else "without a word"
    assert word in status["withdrawn"]["reason"]
    assert status["proven"]["digest"] == status["digest"]
    service.edit("mended")
    eventually(lambda: service.server.get().text == "mended")
    # The publisher notes its own state a moment after the workers are woken.
    eventually(lambda: service.status()["version"] == 2)
    assert service.status()["withdrawn"] is None


def test_service_that_ends_as_no_worker_boots_does_not_start_with_it_again(
    service: Service,
) -> None:
    """gunicorn ends then, and in order, but nobody has asked it to."""
    write(service.directory / "moody.py", _CODE + _FAILS_TO_BOOT)
    service.start()
    service.edit("boot")
    eventually(lambda: service.status()["trial"])
    service.server.signal(signal.SIGHUP)
    assert service.server.process.wait() != 0
    service.start()
    assert service.ask() == {200: 8}
    status = service.status()
    assert status["origin"] == "cache"
    assert "without a word" in status["withdrawn"]["reason"]


def test_without_anything_proven_the_pod_is_not_ready(
    tmp_path: Path, start_server: StartServer
) -> None:
    """It serves what it has, says what is wrong with it, and a roll-out stops here."""
    service = Service(tmp_path, start_server)
    service.edit("raise")
    service.start(environ={"LIVECONFIG_CACHE_DIR": ""})
    assert service.server.get("/readyz", admin=True).status == 200
    eventually(lambda: service.ask() and service.status()["withdrawn"])
    answer = service.server.get("/readyz", admin=True)
    assert answer.status == 503
    assert answer.text in _NOT_READY["text/plain; charset=utf-8"]["schema"]["enum"]
    status = service.status()
    assert (status["version"], status["trial"]) == (1, None)
    assert status["withdrawn"]["digest"] == status["digest"]
    service.server.wait_for_line("no proven config to go back to")
    service.edit("good")
    service.ask_until("good")
    assert service.server.get("/readyz", admin=True).status == 200


def test_off_serves_whatever_is_valid(service: Service) -> None:
    """As it is asked for, and nothing is looked at."""
    service.start(environ={"LIVECONFIG_TRIAL": "off"})
    service.edit("raise")
    eventually(lambda: 500 in service.ask())
    assert service.ask(80) == {500: 80}
    status = service.status()
    assert (status["version"], status["trial"], status["withdrawn"]) == (2, None, None)


def test_flapping_source_is_served_as_far_as_it_is_good(service: Service) -> None:
    """However often what hurts comes back, it is served once."""
    service.start()
    service.edit("raise")
    eventually(lambda: 500 in service.ask())
    service.ask_until("good")
    for _ in range(10):
        service.edit("good")
        service.edit("raise")
    eventually(lambda: service.server.lines("not tried again"))
    assert service.ask(40) == {200: 40}


def test_upgrade_during_a_trial_is_judged_by_both(service: Service) -> None:
    """The new master tries it for itself, with what both have on disk."""
    service.start(f"--pid={service.directory}/pid", binds_itself=True)
    service.edit("other")
    eventually(lambda: service.server.get().text == "other")
    first = service.server.family()
    service.server.signal(signal.SIGUSR2)
    second = psutil.Process(eventually(lambda: _read(service.directory / "pid.2")))
    try:
        eventually(lambda: "Booting worker" in service.server.log.split("usr2")[-1])
        service.server.signal(signal.SIGTERM)
        service.server.process.wait()
        eventually(lambda: all_ended(first))
        eventually(lambda: service.server.get().text == "other")
        assert service.status()["trial"]["version"] == 1
        service.edit("good")
        eventually(lambda: service.server.get().text == "good")
        eventually(lambda: service.status()["version"] == 2)
        assert service.status()["trial"] is None
        service.edit("raise")
        eventually(lambda: 500 in service.ask())
        service.ask_until("good")
    finally:
        second.terminate()
        eventually(lambda: all_ended([second]))


def _read(path: Path) -> int:
    return int(path.read_text() or 0) if path.exists() else 0
