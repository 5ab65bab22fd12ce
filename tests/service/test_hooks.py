"""Hooks of the team's own, under the names of ours."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from tests.support.eventually import eventually
from tests.support.own_service import write, write_service
from tests.support.server import CONFIG_FILE, Server

_HOOKS = {
    "on_starting": "server",
    "pre_fork": "server, worker",
    "post_fork": "server, worker",
    "post_worker_init": "worker",
    "on_exit": "server",
}


def _reference(directory: Path, text: str) -> Server:
    """Start the reference service with `text` at the end of its config file."""
    path = write(directory / "config.yaml", "message: one\n")
    config = f"{CONFIG_FILE.read_text()}\n{text}\n"
    config_file = write(directory / "own.conf.py", config)
    return Server(path, directory, config_file=config_file)


def _all_serve(server: Server, message: str) -> None:
    path = Path(server.status()["source"]["path"])
    write(path, f"message: {message}\n")
    server.wait_until_all_serve(message)


@pytest.mark.parametrize(("name", "parameters"), _HOOKS.items())
def test_hook_that_does_not_call_ours_is_told_and_harms_nothing(
    tmp_path: Path, name: str, parameters: str
) -> None:
    """The log names it, its place and the line to add, once; all works as with it."""
    text = f"\n\ndef {name}({parameters}):\n    print('own {name}')\n"
    server = _reference(tmp_path, text)
    try:
        server.wait_until_ready()
        _all_serve(server, "two")
        status = server.status()
        assert status["converged"]
        assert len(status["workers"]) == 2
    finally:
        server.stop()
    assert server.lines(f"own {name}")
    (line,) = server.lines("does not call ours")
    lines = (tmp_path / "own.conf.py").read_text().splitlines()
    place = (
        f"{tmp_path / 'own.conf.py'}:{lines.index(f'def {name}({parameters}):') + 1}"
    )
    assert f"{name} ({place}) does not call ours" in line
    assert f"add `liveconfig.gunicorn.{name}({parameters})` to it" in line


def test_advice_is_what_helps(tmp_path: Path) -> None:
    """With the line that the log names nothing is told any more."""
    hooks = "".join(
        f"\n\ndef {name}({parameters}):\n    print('own {name}')\n"
        f"    liveconfig.gunicorn.{name}({parameters})\n"
        for name, parameters in _HOOKS.items()
    )
    server = _reference(tmp_path, f"import liveconfig.gunicorn\n{hooks}")
    try:
        server.wait_until_ready()
        _all_serve(server, "two")
    finally:
        server.stop()
    for name in _HOOKS:
        assert server.lines(f"own {name}")
    assert not server.lines("does not call ours")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "ours = post_fork\n\n"
            "def post_fork(server, worker):\n    ours(server, worker)\n",
            id="another name",
        ),
        pytest.param(
            "import functools\npost_fork = functools.partial(post_fork)\n", id="partial"
        ),
        pytest.param(
            "class Hook:\n"
            "    def __init__(self, ours):\n        self.ours = ours\n"
            "    def __call__(self, server, worker):\n"
            "        self.ours(server, worker)\n"
            "post_fork = Hook(post_fork)\n",
            id="object",
        ),
        pytest.param(
            "def post_fork(server, worker):\n"
            "    from importlib import import_module\n"
            "    import_module('liveconfig.gunicorn').post_fork(server, worker)\n",
            id="found late",
        ),
    ],
)
def test_hook_that_calls_ours_somehow_is_not_told(tmp_path: Path, text: str) -> None:
    """Whatever way it takes to ours, there is nothing to add."""
    server = _reference(tmp_path, text)
    try:
        server.wait_until_ready()
        assert len(server.status()["workers"]) == 2
        assert not server.lines("does not call ours")
    finally:
        server.stop()


def test_hook_that_a_reload_brings_is_told(tmp_path: Path) -> None:
    """The config file is executed again at HUP, and may have another hook then."""
    server = _reference(tmp_path, "")
    try:
        server.wait_until_ready()
        before = server.worker_pids
        config_file = tmp_path / "own.conf.py"
        hook = "\n\ndef post_worker_init(worker):\n    pass\n"
        write(config_file, f"{config_file.read_text()}{hook}")
        server.signal(signal.SIGHUP)
        server.wait_for_line(r"post_worker_init \(.*\) does not call ours")
        eventually(lambda: not before & server.worker_pids)
        _all_serve(server, "two")
        assert len(server.lines("does not call ours")) == 1
    finally:
        server.stop()


def test_start_that_fails_late_ends_the_master(tmp_path: Path) -> None:
    """Where an own `on_starting` left it to the first fork, no worker is started."""
    text = "def on_starting(server):\n    pass\n"
    server = Server(
        tmp_path / "missing.yaml",
        tmp_path,
        environ={"PYTHONPATH": str(tmp_path)},
        config_file=write_service(tmp_path, text),
    )
    assert server.wait_until_ended() == 1
    assert server.lines("CRITICAL.*missing.yaml: no such file")
    assert "Booting worker" not in server.log


_DIRTY_APP = """\
import os
from gunicorn.dirty import DirtyApp
from liveconfig import ConfigManager

manager = ConfigManager()

class Task(DirtyApp):
    def init(self):
        manager.get()
        manager.subscribe(tell)

def tell(old, new, changed):
    print(f"{os.getpid()} is told of version {new.version}", flush=True)
"""

_DIRTY_CONF = """\
import sys
sys.path.insert(0, {directory!r})
dirty_apps = ["dirty_app:Task"]
dirty_workers = 2
"""


def _pids(server: Server) -> set[int]:
    return {worker["pid"] for worker in server.status()["workers"]}


def _versions(server: Server) -> list[int]:
    return [worker["version"] for worker in server.status()["workers"]]


_DIRTY_APP_WITHOUT_CALLBACK = """\
from gunicorn.dirty import DirtyApp
from liveconfig import ConfigManager

manager = ConfigManager()

class Task(DirtyApp):
    def init(self):
        manager.get()
"""


def test_dirty_worker_shows_what_it_took_before_it_had_a_row(tmp_path: Path) -> None:
    """What an application gets while it is loaded is in the row that comes later."""
    write(tmp_path / "dirty_app.py", _DIRTY_APP_WITHOUT_CALLBACK)
    server = _reference(tmp_path, _DIRTY_CONF.format(directory=str(tmp_path)))
    try:
        server.wait_until_ready()
        eventually(lambda: _versions(server) == [1, 1, 1, 1])
        workers = server.status()["workers"]
        assert len({worker["schema_digest"] for worker in workers}) == 1
    finally:
        server.stop()


def test_dirty_workers_are_workers(tmp_path: Path) -> None:
    """They follow, tell their callbacks, have rows, and lose these with their end."""
    write(tmp_path / "dirty_app.py", _DIRTY_APP)
    server = _reference(tmp_path, _DIRTY_CONF.format(directory=str(tmp_path)))
    try:
        server.wait_until_ready()
        eventually(lambda: _versions(server) == [1, 1, 1, 1])
        write(tmp_path / "config.yaml", "message: two\n")
        eventually(lambda: _versions(server) == [2, 2, 2, 2])
        dirty = _pids(server) - server.worker_pids
        assert len(dirty) == 2
        rows = server.status()["workers"]
        assert {row["pid"] for row in rows if row["is_dirty"]} == dirty
        for pid in dirty:
            server.wait_for_line(f"{pid} is told of version 1")
            server.wait_for_line(f"{pid} is told of version 2")
        victim = psutil.Process(dirty.pop())
        arbiter = victim.parent()
        assert arbiter is not None
        victim.kill()
        eventually(lambda: victim.pid not in _pids(server) and len(_pids(server)) == 4)
        before = _pids(server) - server.worker_pids
        arbiter.kill()
        eventually(lambda: not before & _pids(server) and len(_pids(server)) == 4)
        eventually(lambda: not any(map(psutil.pid_exists, before)))
    finally:
        server.stop()
    assert not server.lines("Traceback")
