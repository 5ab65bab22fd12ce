"""A service whose schema has code of its own, which fails or changes what it gets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import StartServer
from tests.support.eventually import eventually
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

_SCHEMA = """
from dataclasses import dataclass
from datetime import datetime

import msgspec

from liveconfig import PublicValueError, Secret


@dataclass(frozen=True)
class Ordered:
    low: int = 1
    high: int = 10
    password: Secret = Secret("")

    def __post_init__(self):
        text = f"low {self.low}, password{self.password.reveal()}"
        assert self.low < self.high, text
        if self.low == 5:
            raise ValueError(text)
        if self.low == 6:
            raise PublicValueError("low is never 6")
        if self.low == 7:
            raise SystemExit(text)


class WrongDefault(msgspec.Struct, frozen=True):
    message: str
    limit: int = None


@dataclass(frozen=True)
class Changing:
    timeout: int

    def __post_init__(self):
        object.__setattr__(self, "timeout", self.timeout * 1000)


class Moment(msgspec.Struct, frozen=True):
    at: datetime
"""

# The config as the worker has it, in the words of Python.
_WSGI = """
import os

from liveconfig import ConfigManager
from liveconfig.operators.admin import create_admin_app
from liveconfig.wsgi import by_port

manager = ConfigManager()


def shown(environ, start_response):
    body = repr(manager.get()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


admin_port = int(os.environ["LIVECONFIG_ADMIN_PORT"])
app = by_port(shown, {admin_port: create_admin_app(manager)})
"""

_CONF = """
from liveconfig.gunicorn import *

wsgi_app = "own_wsgi:app"
"""

_PATIENCE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _project(tmp_path: Path) -> None:
    """A project with schemas and an application."""
    (tmp_path / "own_schema.py").write_text(_SCHEMA)
    (tmp_path / "own_wsgi.py").write_text(_WSGI)
    (tmp_path / "own_conf.py").write_text(_CONF)


def _options(directory: Path, schema: str, **environ: str) -> dict[str, Any]:
    return {
        "config_file": directory / "own_conf.py",
        "environ": {
            "PYTHONPATH": str(directory),
            "LIVECONFIG_SCHEMA": f"own_schema:{schema}",
            **environ,
        },
    }


def _command(
    directory: Path, schema: str, *arguments: str, admin_port: int = 9
) -> tuple[int, str]:
    done = subprocess.run(
        [Path(sys.executable).with_name("liveconfig"), *arguments],
        env={
            "PATH": os.environ["PATH"],
            "LIVECONFIG_SCHEMA": f"own_schema:{schema}",
            "LIVECONFIG_ADMIN_PORT": str(admin_port),
            "PYTHONPATH": os.getenv("PYTHONPATH", ""),
        },
        cwd=directory,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_failure_of_the_schema_is_a_rejection_like_any_other(
    start_server: StartServer, tmp_path: Path
) -> None:
    """One line, masked, in the log, /status and the commands; the publisher lives."""
    volume = ConfigMapVolume(tmp_path / "volume", {"config.yaml": "low: 2\n"})
    path = volume.path("config.yaml")
    server = start_server(path, probe="/", **_options(tmp_path, "Ordered"))
    publisher = server.publisher
    for low, problem in (
        (20, "the schema's own code raised AssertionError"),
        (5, "the schema refuses this with ValueError, whose words are not shown"),
        (6, "low is never 6"),
        (7, "the schema's own code raised SystemExit"),
    ):
        volume.flip({"config.yaml": f"low: {low}\npassword: swordfish\n"})
        eventually(
            lambda problem=problem: (
                (rejected := server.status()["rejected"])
                and problem in rejected["error"]["problem"]
            ),
            _PATIENCE_SECONDS,
        )
        # The status is there before the line.
        line = f"rejected, version 1 stays: {path}:1:1: {problem}"
        eventually(lambda line=line: server.lines(line), _PATIENCE_SECONDS)
        code, said = _command(tmp_path, "Ordered", "check", str(path))
        assert (code, problem in said) == (1, True)
        assert "swordfish" not in said
    assert (
        server.get("/").text == "Ordered(low=2, high=10, password=Secret('********'))"
    )
    volume.flip({"config.yaml": "low: 3\npassword: swordfish\n"})
    eventually(lambda: "low=3" in server.get("/").text, _PATIENCE_SECONDS)
    assert server.publisher == publisher
    assert "swordfish" not in server.log + json.dumps(server.status())
    assert "Traceback" not in server.log
    assert len(server.lines("rejected, version 1 stays")) == 4


def test_cache_is_used_when_the_schema_fails_at_the_start(
    start_server: StartServer, tmp_path: Path
) -> None:
    """A start that meets code that fails serves the last good config."""
    path = tmp_path / "config.yaml"
    path.write_text("low: 4\n")
    cache = {"LIVECONFIG_CACHE_DIR": str(tmp_path / "cache"), "LIVECONFIG_TRIAL": "off"}
    options = _options(tmp_path, "Ordered", **cache)
    start_server(path, probe="/", **options).stop()
    path.write_text("low: 20\n")
    server = start_server(path, probe="/", **options)
    assert "low=4" in server.get("/").text
    assert server.lines("is live from the cache.*raised AssertionError")


@pytest.mark.parametrize(
    ("schema", "config", "problem"),
    [
        (
            "WrongDefault",
            "message: hi\n",
            "limit: a worker would refuse what the class",
        ),
        ("Changing", "timeout: 5\n", "timeout: a worker would get another value here"),
    ],
)
def test_config_that_workers_would_not_get_starts_nothing(
    tmp_path: Path, schema: str, config: str, problem: str
) -> None:
    """The start, `check`, `digest` and `show` refuse it in a sentence with its key."""
    path = tmp_path / "config.yaml"
    path.write_text(config)
    server = Server(path, tmp_path, **_options(tmp_path, schema))
    assert server.wait_until_ended(_PATIENCE_SECONDS) == 1
    (line,) = server.lines("liveconfig: ")
    assert f"{path}:1:1: {problem}" in line
    for command in ("check", "digest", "show"):
        code, said = _command(tmp_path, schema, command, str(path))
        assert (code, f"{path}:1:1: {problem}" in said) == (1, True)


def test_moment_has_its_offset_in_every_process(
    start_server: StartServer, tmp_path: Path
) -> None:
    """The worker, /config and `show` have the offset that the file was written with."""
    path = tmp_path / "config.yaml"
    path.write_text("at: 2026-11-27 10:00:00 +2\n")
    server = start_server(path, probe="/", **_options(tmp_path, "Moment"))
    assert "2026, 11, 27, 10, 0" in server.get("/").text
    assert "timedelta(seconds=7200)" in server.get("/").text
    wanted = {"at": "2026-11-27T10:00:00+02:00"}
    assert json.loads(server.get("/config", admin=True).text) == wanted
    code, said = _command(tmp_path, "Moment", "show", str(path))
    assert (code, json.loads(said)) == (0, wanted)
