"""The master is killed: whatever state its workers are in, they end, and the port."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.service.conftest import EVERY_KIND_OF_WORKER
from tests.support.eventually import eventually
from tests.support.server import Server, all_ended, is_guardian, python_path
from tests.support.volume import ConfigMapVolume

_APP = """\
import time
from pathlib import Path

HERE = Path(__file__).parent
if (HERE / "slow-import").exists():
    (HERE / "importing").touch()
    time.sleep(600)


def app(environ, start_response):
    if environ["PATH_INFO"] == "/busy":
        (HERE / "busy").touch()
        # One call that holds the interpreter's lock for minutes: no thread gets on.
        sum(range(10**15))
    if environ["PATH_INFO"] == "/slow":
        (HERE / "slow").touch()
        while not (HERE / "finish").exists():
            time.sleep(0.05)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
_CONF = """\
from liveconfig.gunicorn import *

wsgi_app = "busy_app:app"
control_socket_disable = True
graceful_timeout = 2
timeout = 600
"""


class Stage:
    """A server whose workers can be made busy, and its ports."""

    def __init__(self, directory: Path, volume: ConfigMapVolume) -> None:
        self.directory = directory
        (directory / "busy_app.py").write_text(_APP)
        (directory / "busy.conf.py").write_text(_CONF)
        self._volume = volume
        self.family: list[psutil.Process] = []

    def start(self, *arguments: str) -> Server:
        """Start it with the two ports bound by gunicorn itself."""
        self.server = Server(
            self._volume.path("config.yaml"),
            self.directory,
            arguments=arguments,
            environ={"PYTHONPATH": python_path(self.directory)},
            config_file=self.directory / "busy.conf.py",
        )
        return self.server

    def make_busy(self) -> None:
        """Have one worker at work that no signal handler interrupts."""
        threading.Thread(target=self._ask, daemon=True).start()
        eventually((self.directory / "busy").exists)

    def _ask(self) -> None:
        address = ("127.0.0.1", self.server.port)
        with socket.create_connection(address) as connection:
            connection.sendall(b"GET /busy HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.recv(1)

    def kill_master(self) -> None:
        """Kill the master, and wait until nothing is left of it."""
        self.family = self.server.family()
        self.server.master.kill()
        self.server.process.wait()
        eventually(lambda: all_ended(self.family))
        socket.create_server(("127.0.0.1", self.server.port)).close()

    def guardian(self) -> psutil.Process:
        """Return the process that is to end the workers."""
        return eventually(
            lambda: next(
                (
                    child
                    for child in self.server.master.children()
                    if is_guardian(child)
                ),
                None,
            )
        )

    def end(self) -> None:
        """Leave nothing behind."""
        for process in {*self.family, *self.server.family()}:
            if process.is_running():
                process.kill()
        self.server.wait_until_ended()


@pytest.fixture
def stage(tmp_path: Path, volume: ConfigMapVolume) -> Iterator[Stage]:
    """A server that is not started yet."""
    stage = Stage(tmp_path, volume)
    yield stage
    stage.end()


def test_busy_worker_does_not_outlive_the_master(stage: Stage) -> None:
    """One that cannot hear a signal is ended by force when its time is over."""
    stage.start().wait_until_ready("/")
    stage.make_busy()
    stage.kill_master()


def test_worker_ends_by_itself_where_nobody_is_left_to_end_it(stage: Stage) -> None:
    """The kernel signals it, though the guardian died right before the master."""
    server = stage.start().wait_until_ready("/")
    guardian = stage.guardian()
    server.master.suspend()
    guardian.kill()
    stage.kill_master()


def test_stopped_worker_does_not_outlive_the_master(stage: Stage) -> None:
    """One that somebody has stopped goes on, and ends as the others do."""
    server = stage.start("--graceful-timeout=600").wait_until_ready("/")
    for pid in server.worker_pids:
        psutil.Process(pid).suspend()
    stage.kill_master()


def test_all_that_is_stopped_does_not_outlive_the_master(stage: Stage) -> None:
    """Workers, publisher and guardian, stopped all at once, end with the master."""
    server = stage.start().wait_until_ready("/")
    stage.make_busy()
    for process in server.family()[1:]:
        process.suspend()
    stage.kill_master()


def test_booting_worker_does_not_outlive_the_master(stage: Stage) -> None:
    """One that is still importing the application ends as well."""
    (stage.directory / "slow-import").touch()
    stage.start().wait_until_booted()
    eventually((stage.directory / "importing").exists)
    stage.kill_master()


def test_workers_of_a_reload_do_not_outlive_the_master(stage: Stage) -> None:
    """Neither the old ones, which may be busy, nor the new ones, which import."""
    server = stage.start("--graceful-timeout=5").wait_until_ready("/")
    old = server.worker_pids
    stage.make_busy()
    (stage.directory / "slow-import").touch()
    server.signal(signal.SIGHUP)
    eventually(lambda: len(server.worker_pids - old) == 2)
    eventually((stage.directory / "importing").exists)
    stage.kill_master()


def test_killed_guardian_is_replaced_and_takes_charge_of_all(stage: Stage) -> None:
    """Workers of before are in the charge of its successor."""
    server = stage.start().wait_until_ready("/")
    stage.make_busy()
    killed = stage.guardian()
    killed.kill()
    eventually(lambda: stage.guardian() != killed)
    assert server.get().text == "ok"
    stage.kill_master()


def test_request_under_way_is_answered_after_the_masters_end(stage: Stage) -> None:
    """What would have ended gracefully still does: force comes last."""
    server = stage.start("--graceful-timeout=600").wait_until_ready("/")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        eventually((stage.directory / "slow").exists)
        stage.family = server.family()
        server.master.kill()
        server.process.wait()
        (stage.directory / "finish").touch()
        assert connection.recv(15).startswith(b"HTTP/1.1 200 OK")
    eventually(lambda: all_ended(stage.family))


@EVERY_KIND_OF_WORKER
def test_busy_worker_of_any_kind_does_not_outlive_the_master(
    stage: Stage, kind: list[str]
) -> None:
    """Threads, greenlets and event loops are ended as one that has none is."""
    stage.start("--worker-class", *kind).wait_until_ready("/")
    stage.make_busy()
    stage.kill_master()


def test_guardian_waits_without_anything(stage: Stage) -> None:
    """While the master lives it has no descriptor of anybody's, and does nothing."""
    server = stage.start().wait_until_ready("/")
    guardian = stage.guardian()
    assert not [c for c in guardian.net_connections("inet") if c.status == "LISTEN"]
    before = guardian.num_ctx_switches()
    for _ in range(20):
        server.get()
    assert guardian.num_ctx_switches() == before
