"""`liveconfig status` and `wait` beside a service that runs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import StartServer
from tests.support.children import stop
from tests.support.eventually import eventually
from tests.support.server import Server, free_port
from tests.support.volume import ConfigMapVolume

_TWO = "message: two\n"
_BAD = "message: two\nlog_level: loud\n"
_ON_TRIAL = r", on trial for \d+ more seconds\n"
_LIVECONFIG = Path(sys.executable).with_name("liveconfig")


@pytest.fixture
def server(start_server: StartServer, volume: ConfigMapVolume) -> Server:
    """A service of three workers that all serve version 1, with an access log."""
    path = volume.path("config.yaml")
    server = start_server(path, workers=3, arguments=["--access-logfile=-"])
    eventually(
        lambda: [row["version"] for row in server.status()["workers"]] == [1] * 3
    )
    return server


@contextlib.contextmanager
def _started(
    admin_port: int, *arguments: str, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """Run a command in the environment of a pod until the end of the block."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [_LIVECONFIG, *arguments],
        text=True,
        **{"env": _environ(admin_port), "stdout": pipe, "stderr": pipe, **options},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _environ(admin_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LIVECONFIG_ADMIN_HOST": "0.0.0.0",
        "LIVECONFIG_ADMIN_PORT": str(admin_port),
        "LIVECONFIG_SCHEMA": "liveconfig.reference.config:ServiceConfig",
    }


def _ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def _ran(server: Server, *arguments: str) -> tuple[int, str, str]:
    with _started(server.admin_port, *arguments) as process:
        return _ended(process)


def _wait_until_asked(server: Server) -> None:
    """Wait until the command has had an answer: then it asks once more."""
    eventually(lambda: server.lines('"GET /status .*"liveconfig"')[1:])


def _file(directory: Path, text: str) -> str:
    path = directory / "wanted.yaml"
    path.write_text(text)
    return str(path)


def test_wait_ends_when_all_workers_serve_the_file(
    server: Server, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    """It waits for the flip, and `status` then says that all is well."""
    path = _file(tmp_path, f"# the same in other words\n{_TWO}")
    with _started(server.admin_port, "wait", "--file", path) as process:
        _wait_until_asked(server)
        assert process.poll() is None
        volume.flip({"config.yaml": _TWO})
        status, out, err = _ended(process)
    assert (status, err) == (0, "")
    assert re.fullmatch(rf"live: version 2 in 3 workers{_ON_TRIAL}", out)
    status, out, err = _ran(server, "status")
    assert (status, err) == (0, "")
    assert re.match(rf"Live: version 2 in all 3 workers{_ON_TRIAL}", out)
    assert len(re.findall(r"^ *\d+ +2  .{24}  current$", out, re.MULTILINE)) == 3
    assert re.search(r"^changed +message$", out, re.MULTILINE)
    assert re.search(r"  version 2  published in [\d.]+ ms$", out, re.MULTILINE)


def test_wait_ends_with_the_reason_of_a_rejection(
    server: Server, volume: ConfigMapVolume
) -> None:
    """File, line and problem are there at once, and `status` shows them too."""
    with _started(server.admin_port, "wait", "--digest", "0" * 64) as process:
        _wait_until_asked(server)
        volume.flip({"config.yaml": _BAD})
        status, out, err = _ended(process)
    path = volume.path("config.yaml")
    assert (status, out) == (1, "")
    assert err.startswith(f"rejected: {path}:2:1: log_level: ")
    assert err.count("\n") == 1
    status, out, err = _ran(server, "status")
    assert (status, err) == (1, "")
    assert out.startswith("The newest edit was rejected: version 1 stays live\n")
    # A path of this length has a line of its own, or two.
    assert f"{path}:2:1:log_level:" in "".join(out.split())


def test_wait_for_a_file_that_was_rejected_before_ends_at_once(
    server: Server, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    """The service judges by its own schema, and knows the file again by its bytes."""
    volume.flip({"config.yaml": _BAD})
    eventually(lambda: server.status()["rejected"])
    path = _file(tmp_path, _BAD)
    any_keys = tmp_path / "any.py"
    any_keys.write_text("from msgspec import Struct\n\n" + _LENIENT)
    with _started(
        server.admin_port, "wait", "--schema=any:Any", "--file", path, cwd=tmp_path
    ) as process:
        status, _, err = _ended(process)
    assert status == 1
    assert err.startswith("rejected: ")


_LENIENT = """\
class Any(Struct, frozen=True):
    message: str
    log_level: str
"""


def test_wait_names_the_worker_that_is_behind(
    server: Server, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    """One that stands still is told when time is up, and the wait ends with it."""
    stopped = server.status()["workers"][0]["pid"]
    stop(stopped)
    volume.flip({"config.yaml": _TWO})
    arguments = ["wait", "--file", _file(tmp_path, _TWO)]
    try:
        status, out, err = _ran(server, *arguments, "--timeout=2")
        assert (status, out) == (2, "")
        assert err == (
            "liveconfig: not live after 2 s: version 2 has it; "
            f"behind: worker {stopped} with version 1\n"
        )
        status, out, _ = _ran(server, "status")
        assert status == 1
        assert out.startswith("Version 2 is live in 2 of 3 workers, 1 behind\n")
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert _ran(server, *arguments)[0] == 0


def test_wait_as_json_has_the_digests_and_the_instants_of_the_pod(
    server: Server, volume: ConfigMapVolume
) -> None:
    """The config comes through a pipe, and how long ago it came is a subtraction."""
    arguments = ("wait", "--file=-", "--workers=3", "--json")
    pipe = subprocess.PIPE
    with _started(server.admin_port, *arguments, stdin=pipe) as process:
        before = time.time()
        volume.flip({"config.yaml": _TWO})
        out, err = process.communicate(_TWO, timeout=60)
    assert (process.returncode, err) == (0, "")
    shown = json.loads(out)
    assert (shown["outcome"], shown["reason"]) == ("live", "")
    status = shown["status"]
    rows = [(row["version"], row["digest"]) for row in status["workers"]]
    assert rows == [(2, status["digest"])] * 3
    at, changed = (
        datetime.fromisoformat(text).timestamp()
        for text in (shown["at"], status["changed_at"])
    )
    # The clock of the filesystem goes in steps.
    assert before - 0.1 < changed <= at <= time.time()


def test_wait_for_a_rejection_ends_when_it_is_rejected(
    server: Server, volume: ConfigMapVolume
) -> None:
    """A bad edit that a real service refuses is what was waited for."""
    with _started(server.admin_port, "wait", "--rejected", "--workers=3") as process:
        _wait_until_asked(server)
        assert process.poll() is None
        volume.flip({"config.yaml": _BAD})
        status, out, err = _ended(process)
    assert (status, err) == (0, "")
    path = volume.path("config.yaml")
    assert out.startswith(f"rejected: {path}:2:1: log_level: ")


def test_wait_begins_before_the_service(
    start_server: StartServer, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    """A pod that is only being started is waited for."""
    port = free_port()
    path = _file(tmp_path, "message: one\n")
    with _started(port, "wait", "--file", path) as process:
        start_server(volume.path("config.yaml"), ports=(0, port))
        status, out, _ = _ended(process)
    assert status == 0
    # A worker that boots meanwhile is none that serves something else.
    assert re.fullmatch(rf"live: version 1 in (1 worker|2 workers){_ON_TRIAL}", out)


class Terminal:
    """What a command writes to a terminal of its own, of which Ctrl-C is a key."""

    def __init__(self) -> None:
        self.keyboard, self.device = os.openpty()
        self._written = b""

    def shows(self, text: str) -> bool:
        """Tell whether `text` was written since it was asked for last."""
        if select.select([self.keyboard], [], [], 0)[0]:
            self._written += os.read(self.keyboard, 65536)
        before, found, after = self._written.partition(text.encode())
        self._written = after if found else before
        return bool(found)

    def close(self) -> None:
        """Take it away."""
        os.close(self.keyboard)
        os.close(self.device)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A real one."""
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_watch_in_a_terminal_follows_the_service_until_ctrl_c(
    server: Server, volume: ConfigMapVolume, terminal: Terminal
) -> None:
    """Each change is drawn over the last frame, and Ctrl-C leaves no traceback."""
    # The terminal becomes that of the command's own session, as a login's does.
    command = ["setsid", "--ctty", "--wait", _LIVECONFIG, "status", "--watch"]
    device = terminal.device
    with subprocess.Popen(
        command,
        stdin=device,
        stdout=device,
        stderr=device,
        env=_environ(server.admin_port),
    ) as process:
        head, rest = "\x1b[HLive: version ", " in all 3 workers\x1b[K"
        eventually(lambda: terminal.shows(f"{head}1{rest}"))
        volume.flip({"config.yaml": _TWO})
        eventually(lambda: terminal.shows(f"{head}2{rest}"))
        os.write(terminal.keyboard, b"\x03")
        assert process.wait(60) == 130
    assert not terminal.shows("Traceback")


@pytest.mark.parametrize("value", ["tcp://10.0.0.1:80", "0", "junk"])
def test_check_does_not_stop_at_what_other_programs_read(
    tmp_path: Path, value: str
) -> None:
    """Names that belong to one service or to gunicorn are nothing to the command."""
    path = tmp_path / "config.yaml"
    path.write_text("message: x\n")
    environ = dict.fromkeys(("HOST", "PORT", "WEB_CONCURRENCY"), value)
    environ |= {**_environ(9090), "LIVECONFIG_ADMIN_PORT": "tcp://10.0.0.1:9090"}
    with _started(9090, "check", str(path), env=environ) as process:
        status, out, _ = _ended(process)
    assert status == 0
    assert f"{path}: ok, sha256:" in out
