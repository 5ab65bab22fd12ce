"""A start without a good config, where the operators let the service wait for one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import EVERY_KIND_OF_WORKER
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.server import Answer, Server
from tests.support.volume import ConfigMapVolume

_WAIT = {"LIVECONFIG_ON_MISSING": "wait"}
_BAD = "message: one\nlog_level: loud\n"
_LIVECONFIG = Path(sys.executable).with_name("liveconfig")


class Waiting:
    """A service that waits, and the volume that its config comes from."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.volume = ConfigMapVolume(directory / "volume", {"config.yaml": _BAD})
        self.path = self.volume.path("config.yaml")
        self.server: Server | None = None

    def start(self, path: Path | None = None, **options: Any) -> Server:
        """Start it, and wait until its workers answer."""
        environ = {**_WAIT, **options.pop("environ", {})}
        server = Server(path or self.path, self.directory, environ=environ, **options)
        self.server = server.wait_until_booted()
        eventually(lambda: server.get("/livez").status == 200)
        return server

    def mend(self, message: str = "good") -> None:
        """Give it a good config."""
        self.volume.flip({"config.yaml": f"message: {message}\n"})


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    """A volume with a bad config."""
    waiting = Waiting(tmp_path)
    yield waiting
    if waiting.server is not None:
        waiting.server.stop()


def _wait_until_served(server: Server, message: str = "good") -> None:
    eventually(lambda: server.get().text == message)


def _assert_is_no_config_yet(answer: Answer) -> None:
    assert (answer.status, answer.text) == (503, "no config to serve yet\n")
    assert "config-version" not in answer.headers


def test_start_with_a_bad_config_is_up_and_not_ready(waiting: Waiting) -> None:
    """Alive, not ready, each request gets its 503 at once; nothing is told twice."""
    server = waiting.start()
    for admin in (False, True):
        assert server.get("/livez", admin=admin).status == 200
        seconds = []
        for path in ("/readyz", *(["/config"] if admin else ["/", "/nothing/here"])):
            began = time.monotonic()
            _assert_is_no_config_yet(server.get(path, admin=admin))
            seconds.append(time.monotonic() - began)
        # A worker whose record is damaged is given 3 s for each of them.
        assert min(seconds) < 3.0
    line = server.wait_for_line("no config yet, this service waits for one: ")
    assert f"{waiting.path}:2:" in line
    assert "log_level" in line
    assert not server.lines("there is no config yet")
    assert "Traceback" not in server.log


def test_operators_are_told_why_it_waits(waiting: Waiting) -> None:
    """Status, page and metrics work without a config, and name file, line and key."""
    server = waiting.start()
    status = server.status()
    assert (status["version"], status["digest"], status["converged"]) == (0, "", False)
    assert status["worker"]["version"] is None
    error = status["rejected"]["error"]
    assert (error["path"], error["line"], error["key"]) == (
        str(waiting.path),
        2,
        "log_level",
    )
    page = server.get("/status", admin=True, Accept="text/html").text
    assert "No config yet: waiting for the first good one" in page
    assert f"{waiting.path}:2:" in page
    assert "Version 0" not in page
    assert server.get("/status/page.css", admin=True).status == 200
    metrics = server.get("/metrics", admin=True).text
    assert "\nliveconfig_config_version 0.0\n" in metrics
    assert "\nliveconfig_rejected_candidate 1.0\n" in metrics
    assert "\nliveconfig_config_info{" not in metrics


def test_next_good_config_is_served_by_all_at_once(waiting: Waiting) -> None:
    """The first good file is a change like any other: taken, measured, told to all."""
    server = waiting.start()
    waiting.mend()
    _wait_until_served(server)
    status = eventually(lambda: (s := server.status())["converged"] and s)
    assert server.get("/readyz").status == 200
    assert (status["version"], status["rejected"]) == (1, None)
    # On any machine far less than what a poll would take.
    delays = status["delays"]
    assert delays["publisher_ms"] + delays["last_worker_ms"] < 30_000
    server.wait_for_line(r"version 1 is live, sha256:\w+, \d+\.\d ms after the change")


@EVERY_KIND_OF_WORKER
def test_every_kind_of_worker_waits_and_calls_back(
    waiting: Waiting, kind: list[str]
) -> None:
    """Whatever the workers are, callbacks are first called when the config comes."""
    (waiting.directory / "called.py").write_text(_CALLED)
    config_file = waiting.directory / "own.conf.py"
    config_file.write_text(_CONF)
    server = waiting.start(
        arguments=["--worker-class", *kind],
        environ={"PYTHONPATH": str(waiting.directory)},
        config_file=config_file,
    )
    _assert_is_no_config_yet(server.get())
    assert not server.lines("called with")
    waiting.mend()
    _wait_until_served(server)
    eventually(lambda: len(server.lines("called with None, 1")) == 2)
    assert "Traceback" not in server.log


_CALLED = """
import logging

from liveconfig import ConfigManager
from liveconfig.wsgi import when_configured

log = logging.getLogger("gunicorn.error")
manager = ConfigManager()
manager.subscribe(
    lambda old, new, changed: log.info("called with %s, %d", old, new.version)
)


def answer(environ, start_response):
    if environ["PATH_INFO"] == "/livez":
        body = b"alive"
    else:
        body = manager.get().message.encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


app = when_configured(answer, manager, always=["/livez"])
"""
_CONF = """
from liveconfig.gunicorn import *

wsgi_app = "called:app"
raw_env = ["LIVECONFIG_SCHEMA=liveconfig.reference.config:ServiceConfig"]
"""


@pytest.mark.parametrize("missing", ["file", "directory"])
def test_source_that_is_not_there_is_waited_for(
    waiting: Waiting, tmp_path: Path, missing: str
) -> None:
    """A file or a whole directory that comes later is served when it comes."""
    place = tmp_path / "later"
    if missing == "file":
        place.mkdir()
    server = waiting.start(place / "config.yaml")
    assert server.status()["source"]["missing"]["problem"]
    assert server.status()["rejected"] is None
    place.mkdir(exist_ok=True)
    (place / "config.yaml").write_text("message: good\n")
    _wait_until_served(server)


def test_reasons_come_and_go_while_it_waits(waiting: Waiting) -> None:
    """Each new reason is told once, and status says the newest."""
    server = waiting.start()
    waiting.volume.flip({"config.yaml": "message: [\n"})
    server.wait_for_line("rejected, there is still no config: .*config.yaml:1:10: ")
    waiting.volume.flip({})
    server.wait_for_line("missing, there is still no config: .*config.yaml: ")
    status = eventually(lambda: (s := server.status())["source"]["missing"] and s)
    assert status["rejected"] is None
    waiting.mend()
    _wait_until_served(server)


def test_reload_and_death_of_the_publisher_change_nothing(waiting: Waiting) -> None:
    """After HUP and kill -9 the service waits on, and then serves."""
    server = waiting.start()
    workers = server.worker_pids
    server.signal(signal.SIGHUP)
    eventually(lambda: server.worker_pids.isdisjoint(workers))
    eventually(lambda: len(server.worker_pids) == 2)
    _assert_is_no_config_yet(server.get())
    publisher = server.publisher
    assert publisher is not None
    publisher.kill()
    eventually(lambda: server.status()["publisher"]["starts"] == 3)
    eventually(lambda: server.status()["publisher"]["state"] == "running")
    _assert_is_no_config_yet(server.get())
    assert server.status()["rejected"]["error"]["line"] == 2
    waiting.mend()
    _wait_until_served(server)
    assert server.process.poll() is None


def test_cache_goes_before_waiting(waiting: Waiting, tmp_path: Path) -> None:
    """Whoever has a last good config serves that, and waits for nothing."""
    # Kept at once, and not when its trial is over.
    cache = str(tmp_path / "cache")
    environ = {"LIVECONFIG_CACHE_DIR": cache, "LIVECONFIG_TRIAL": "off"}
    waiting.mend("kept")
    server = waiting.start(environ=environ)
    _wait_until_served(server, "kept")
    server.stop()
    waiting.volume.flip({"config.yaml": _BAD})
    server = waiting.start(environ=environ)
    assert server.get().text == "kept"
    assert server.status()["origin"] == "cache"
    assert not server.lines("this service waits")


def test_commands_know_that_there_is_no_config_yet(waiting: Waiting) -> None:
    """`status` says what is waited for and why, and `wait` sees the config come."""
    server = waiting.start()
    status = _liveconfig(server, "status")
    assert status.returncode == 1
    assert status.stdout.startswith("No config yet: waiting for the first good one")
    assert f"{waiting.path}:2:" in status.stdout.replace("\n    ", "")
    (waiting.directory / "good.yaml").write_text("message: good\n")
    goal = ("wait", "--file", str(waiting.directory / "good.yaml"))
    late = _liveconfig(server, *goal, "--timeout", "0")
    assert (late.returncode, late.stderr.count("\n")) == (1, 1)
    assert "log_level" in late.stderr
    waiting.mend()
    _wait_until_served(server)
    done = _liveconfig(server, *goal, "--timeout", str(PATIENCE_SECONDS))
    assert done.returncode == 0
    on_trial = r", on trial for \d+ more seconds"
    assert re.fullmatch(rf"live: version 1 in 2 workers{on_trial}\n", done.stdout)


def _liveconfig(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "LIVECONFIG_ADMIN_PORT": str(server.admin_port),
        "LIVECONFIG_SCHEMA": "liveconfig.reference.config:ServiceConfig",
        "PYTHONPATH": os.getenv("PYTHONPATH", ""),
    }
    return subprocess.run(
        [_LIVECONFIG, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_SECONDS,
    )


def test_worker_that_asks_while_it_boots_fails_at_once(waiting: Waiting) -> None:
    """An application that needs a config to be imported cannot wait, and says why."""
    (waiting.directory / "eager.py").write_text(
        "from liveconfig import ConfigManager\n\n"
        "config = ConfigManager().get()\n\n\ndef app(environ, start_response): ...\n"
    )
    config_file = waiting.directory / "own.conf.py"
    config_file.write_text(_CONF.replace("called:app", "eager:app"))
    waiting.server = server = Server(
        waiting.path,
        waiting.directory,
        environ={**_WAIT, "PYTHONPATH": str(waiting.directory)},
        config_file=config_file,
    )
    # The one or the other, as the two workers that fail follow each other.
    assert server.wait_until_ended() in (1, 3)
    assert server.lines(r"NoConfigYetError: there is no config yet: .*config\.yaml:2:")


def test_secret_is_not_shown_while_it_waits(waiting: Waiting) -> None:
    """With no config to know secrets by, the excerpt shows none all the same."""
    (waiting.directory / "keeping.py").write_text(
        "import msgspec\n\nfrom liveconfig import Secret\n\n\n"
        "class Config(msgspec.Struct, frozen=True):\n"
        "    message: str\n    api_key: Secret\n"
    )
    waiting.volume.flip({"config.yaml": "api_key: hunter2\nmessage: 1\n"})
    environ = {
        "LIVECONFIG_SCHEMA": "keeping:Config",
        "PYTHONPATH": str(waiting.directory),
    }
    server = waiting.start(environ=environ)
    told = json.dumps(server.status()) + server.log
    assert "message: expected text" in told
    assert "hunter2" not in told
