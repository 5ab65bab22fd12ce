"""What comes of requests, workers and callbacks, counted for each version."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from liveconfig.memory.tallies import Tally
from tests.service.conftest import StartServer
from tests.support.eventually import eventually
from tests.support.own_service import write
from tests.support.server import Server
from tests.support.tallies import tally

_APP = """\
import os
import signal
import time
from pathlib import Path

import falcon

from liveconfig import ConfigManager
from liveconfig.falcon import SnapshotMiddleware
from liveconfig.operators.admin import create_admin_app
from liveconfig.wsgi import by_port

FOLDER = Path(__file__).parent
manager = ConfigManager()


def wait():
    FOLDER.joinpath("arrived").touch()
    while not FOLDER.joinpath("gate").exists():
        time.sleep(0.002)


def late():
    raise RuntimeError("before the first byte")
    yield b""


def broken():
    yield b"a" * 100
    raise RuntimeError("after the first byte")


def endless():
    while True:
        yield b"a" * 65536


def gone():
    raise FileNotFoundError(2, "it is not there")


def fail():
    raise RuntimeError("it fails")


BODIES = {"/late": late, "/broken": broken, "/endless": endless}
ENDS = {
    "/raise": fail,
    "/gone": gone,
    "/abort": os.abort,
    "/kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "/exit": lambda: os._exit(7),
    "/hang": lambda: time.sleep(600),
    "/wait": wait,
}
BAD = ("/error", "/readyz", "/ignored", "/other", "/wait")


def app(environ, start_response):
    manager.get()
    path = environ["PATH_INFO"]
    ENDS.get(path, lambda: None)()
    start_response("503 No" if path in BAD else "200 OK", [])
    return BODIES.get(path, lambda: [b"answer"])()


class Wait:
    def on_get(self, req, resp):
        wait()
        resp.status = falcon.HTTP_500


pinned = falcon.App(middleware=[SnapshotMiddleware(manager)])
pinned.add_route("/wait", Wait())
pinned.add_sink(lambda req, resp: None, "/livez")


def take(old, new, changed):
    if new.config["message"] == "harmful":
        raise RuntimeError("it cannot be applied")


manager.subscribe(take)
port = int(os.environ["LIVECONFIG_ADMIN_PORT"])
by_port(app, {port: create_admin_app(manager)})
"""

_ASGI = """\
from liveconfig import ConfigManager

manager = ConfigManager()


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    path = scope["path"]
    if path == "/raise":
        raise RuntimeError("it fails")
    if path == "/nothing":
        return
    status = 503 if path in ("/error", "/readyz") else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    if path == "/broken":
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        raise RuntimeError("in the middle")
    await send({"type": "http.response.body", "body": b"answer"})
    if path == "/afterwards":
        raise RuntimeError("nobody sees it")
"""

_KINDS = [["sync"], ["gthread", "--threads=4"], ["gevent"]]
_EVERY_KIND = pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind[0])

Start = Callable[..., Server]


@pytest.fixture
def start(start_server: StartServer, tmp_path: Path) -> Start:
    """A function that starts the service with a kind of worker."""
    write(tmp_path / "counted.py", _APP)
    write(tmp_path / "counted_asgi.py", _ASGI)
    path = write(tmp_path / "config.yaml", "message: one\n")

    def start(
        *kind: str,
        app: str = "counted:app",
        conf: str = "",
        workers: int = 1,
        **environ: str,
    ) -> Server:
        text = f"from liveconfig.gunicorn import *\nwsgi_app = {app!r}\n{conf}\n"
        return start_server(
            path,
            "/livez",
            workers=workers,
            arguments=["--worker-class", *kind],
            config_file=write(tmp_path / "counted.conf.py", text),
            environ={"PYTHONPATH": str(tmp_path), **environ},
        )

    return start


def _ask(server: Server, *paths: str) -> None:
    for path in paths:
        try:
            server.get(path)
        # The worker has died, or cut its answer off.
        except (OSError, HTTPException):
            continue


def _requests(server: Server, version: int = 1) -> tuple[int, int]:
    found = tally(server, version)
    return found.requests, found.failures


def _workers(server: Server) -> list[Any]:
    return list(server.status()["workers"])


@_EVERY_KIND
def test_requests_and_their_failures_are_counted(start: Start, kind: list[str]) -> None:
    """A status of 500 and more, and whatever raises at any moment, is a failure."""
    server = start(*kind, LIVECONFIG_TRIAL_IGNORE="/ignored, /other")
    _ask(server, "/", "/", "/missing")
    _ask(server, "/livez", "/readyz", "/ignored", "/other")
    server.status()
    _ask(server, "/error", "/raise", "/late", "/broken", "/gone")
    eventually(lambda: _requests(server) == (8, 5))
    assert tally(server, 1) == Tally(1, 8, 5, 0, 0, 0)
    assert [each["counts_requests"] for each in _workers(server)] == [True]
    assert not server.lines("no requests are counted")


@_EVERY_KIND
@pytest.mark.parametrize("app", ["app", "pinned"])
def test_request_belongs_to_the_version_that_it_began_with(
    start: Start, tmp_path: Path, kind: list[str], app: str
) -> None:
    """What its worker holds when it ends, another version, has no part in it."""
    server = start(*kind, app=f"counted:{app}")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.get, "/wait")
        try:
            eventually((tmp_path / "arrived").exists)
            write(tmp_path / "config.yaml", "message: two\n")
            eventually(lambda: [each["version"] for each in _workers(server)] == [2])
        finally:
            (tmp_path / "gate").touch()
        assert answer.result().status >= 500
    eventually(lambda: _requests(server, 1) == (1, 1))
    assert _requests(server, 2) == (0, 0)
    server.get("/wait")
    eventually(lambda: _requests(server, 2) == (1, 1))
    assert _requests(server, 1) == (1, 1)


@_EVERY_KIND
def test_client_that_leaves_is_no_failure(start: Start, kind: list[str]) -> None:
    """A request counts by its status where the client has not waited for the rest."""
    server = start(*kind)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(1024)
    eventually(lambda: _requests(server) == (1, 0))


def test_request_that_is_none_is_not_counted(start: Start) -> None:
    """What gunicorn itself refuses never reached the application."""
    server = start("sync")
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n")
        assert b"400" in client.recv(1024)
    server.get("/")
    eventually(lambda: _requests(server) == (1, 0))


def test_asgi_requests_are_counted(start: Start) -> None:
    """Whether gunicorn writes an access log or not, which it has the status for."""
    server = start("asgi", app="counted_asgi:app")
    _ask(server, "/", "/afterwards", "/readyz")
    _ask(server, "/error", "/raise", "/nothing", "/broken")
    eventually(lambda: _requests(server) == (6, 4))


@pytest.mark.parametrize("kind", ["sync", "asgi", "tornado"])
def test_nothing_is_counted_where_it_is_off(start: Start, kind: str) -> None:
    """LIVECONFIG_TRIAL=off: the workers say so, and nothing is logged."""
    app = "counted_asgi:app" if kind == "asgi" else "counted:app"
    server = start(kind, app=app, LIVECONFIG_TRIAL="off")
    _ask(server, "/", "/error")
    assert _requests(server) == (0, 0)
    assert not server.lines("no requests are counted|does not call ours")
    if kind != "asgi":
        eventually(lambda: not _workers(server)[0]["counts_requests"])


@pytest.mark.parametrize("kind", ["tornado", "gevent_pywsgi"])
def test_worker_that_calls_no_hook_is_shown(start: Start, kind: str) -> None:
    """`/status` and the log, once, say that no requests are counted."""
    server = start(kind, workers=2)
    _ask(server, "/", "/error")
    eventually(
        lambda: [each["counts_requests"] for each in _workers(server)] == [False] * 2
    )
    server.signal(signal.SIGHUP)
    server.wait_for_line("Handling signal: hup")
    eventually(lambda: server.log.count("Booting worker") == 4)
    assert len(server.lines("no requests are counted: .* calls no hook")) == 1
    assert _requests(server) == (0, 0)


_OWN = {
    "four arguments": "worker, req, environ, resp",
    "three arguments": "worker, req, environ",
    "two arguments": "worker, req",
}


@pytest.mark.parametrize("parameters", _OWN.values(), ids=_OWN)
@_EVERY_KIND
def test_own_hook_that_does_not_call_ours_is_completed(
    start: Start, tmp_path: Path, kind: list[str], parameters: str
) -> None:
    """Its place is logged once, and each request is counted once."""
    conf = (
        f"def post_request({parameters}):\n    print('own post', flush=True)\n"
        "def pre_request(worker, req):\n    print('own pre', flush=True)\n"
    )
    server = start(*kind, conf=conf)
    _ask(server, "/", "/error")
    eventually(lambda: _requests(server) == (2, 1))
    path = tmp_path / "counted.conf.py"
    lines = path.read_text().splitlines()
    for name in ("post_request", "pre_request"):
        line = server.wait_for_line(f"{name} .* does not call ours")
        number = next(n for n, each in enumerate(lines, 1) if f"def {name}" in each)
        assert f"{name} ({path}:{number}) does not call ours" in line
    assert "post_request(worker, req, environ, resp)` to it" in server.log
    assert len(server.lines("own pre")) == len(server.lines("own post")) >= 3


@_EVERY_KIND
def test_own_hook_that_calls_ours_is_not_logged(start: Start, kind: list[str]) -> None:
    """Each request is counted once, also where many are answered at a time."""
    conf = (
        "import time\n"
        "import liveconfig.gunicorn\n"
        "def post_request(worker, req, environ, resp):\n"
        "    liveconfig.gunicorn.post_request(worker, req, environ, resp)\n"
        "    time.sleep(0.001)\n"
    )
    server = start(*kind, conf=conf)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(server.get, ["/"] * 200))
    eventually(lambda: _requests(server) == (200, 0))
    assert not server.lines("does not call ours")


def test_own_hook_that_calls_ours_twice_counts_once(start: Start) -> None:
    """Whoever calls ours, and however often: a request is one request."""
    conf = (
        "import liveconfig.gunicorn\n"
        "def post_request(worker, req, environ, resp):\n"
        "    for _ in range(2):\n"
        "        liveconfig.gunicorn.post_request(worker, req, environ, resp)\n"
    )
    server = start("sync", conf=conf)
    _ask(server, "/", "/error", "/")
    eventually(lambda: _requests(server)[0] >= 3)
    server.get("/")
    eventually(lambda: _requests(server) == (4, 1))


def test_hook_that_only_gunicorn_has_is_nobodys(start: Start) -> None:
    """A config file that takes our other hooks by name gets these as well."""
    conf = "del pre_request, post_request\n"
    server = start("sync", conf=conf)
    _ask(server, "/", "/error")
    eventually(lambda: _requests(server) == (2, 1))
    assert not server.lines("does not call ours")


def test_requests_are_logged_as_before(start: Start) -> None:
    """What gunicorn's own hook writes for each request at level debug is there."""
    server = start("sync", conf="loglevel = 'debug'\n")
    server.get("/a/path")
    server.wait_for_line(r"\[DEBUG\] GET /a/path")


@pytest.mark.parametrize("path", ["/abort", "/kill", "/exit"])
@_EVERY_KIND
def test_death_is_counted_for_the_version(
    start: Start, kind: list[str], path: str
) -> None:
    """A signal or a status other than 0 is a death of the version that was held."""
    server = start(*kind)
    _ask(server, path)
    eventually(lambda: tally(server, 1).deaths == 1)
    eventually(lambda: [each["version"] for each in _workers(server)] == [1])
    assert tally(server, 1).deaths == 1
    # What it ran did not kill it with the signal that others kill with.
    assert tally(server, 1).breakdowns == (path != "/kill")


def test_deaths_beside_another_are_counted(start: Start) -> None:
    """Who dies while gunicorn still has to do with the first has died as well."""
    conf = (
        "import os, signal\n\n"
        "def child_exit(server, worker):\n"
        "    for pid in server.WORKERS:\n"
        "        os.kill(pid, signal.SIGKILL)\n"
        "        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)\n"
    )
    server = start("sync", conf=conf, workers=3)
    eventually(lambda: [each["version"] for each in _workers(server)] == [1] * 3)
    _ask(server, "/abort")
    eventually(lambda: tally(server, 1).deaths >= 3)
    eventually(lambda: [each["version"] for each in _workers(server)] == [1] * 3)
    assert tally(server, 1).deaths == 3


def test_timeout_is_a_death(start: Start) -> None:
    """A worker that a request holds up for too long has died of its version."""
    server = start("sync", conf="timeout = 2\n")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_ask, server, "/hang")
        eventually(lambda: tally(server, 1).deaths == 1)
    assert tally(server, 1).breakdowns == 1


def test_worker_that_is_ended_by_force_has_died(start: Start) -> None:
    """One that does not even hear that its time is over is no other case."""
    server = start("gthread", "--threads=4", conf="timeout = 2\n")
    (worker,) = server.worker_pids
    os.kill(worker, signal.SIGSTOP)
    eventually(lambda: tally(server, 1).deaths == 1)
    assert tally(server, 1).breakdowns == 1


def test_end_that_was_asked_for_is_no_death(start: Start) -> None:
    """TTOU, HUP, `max_requests` and TERM to a worker end it in order."""
    server = start("sync", "--max-requests=3", workers=2)
    before = set(server.worker_pids)
    server.signal(signal.SIGTTOU)
    eventually(lambda: len(server.worker_pids) == 1)
    server.signal(signal.SIGTTIN)
    eventually(lambda: len(server.worker_pids) == 2)
    server.signal(signal.SIGHUP)
    eventually(lambda: not before & server.worker_pids and len(_workers(server)) == 2)
    second = set(server.worker_pids)
    for _ in range(6):
        server.get("/")
    eventually(lambda: second - server.worker_pids)
    # gunicorn loses a signal to a worker that is still booting.
    third = eventually(
        lambda: [each["pid"] for each in _workers(server) if each["version"]]
    )[0]
    os.kill(third, signal.SIGTERM)
    eventually(lambda: third not in server.worker_pids)
    eventually(lambda: len(_workers(server)) == 2)
    assert tally(server, 1).deaths == 0


def test_worker_that_hangs_when_asked_to_end_is_no_death(start: Start) -> None:
    """What gunicorn kills because it does not end in time had been asked to."""
    server = start("sync", conf="timeout = 2\n")
    (before,) = server.worker_pids
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_ask, server, "/hang")
        server.signal(signal.SIGHUP)
        eventually(lambda: before not in server.worker_pids and server.worker_pids)
    server.get("/")
    assert tally(server, 1).deaths == 0


def test_death_wakes_the_publisher(start: Start) -> None:
    """It looks at once at what there is, long before it would by itself."""
    server = start("sync", LIVECONFIG_POLL_SECONDS="86400")
    before = server.status()["publisher"]["checked_at"]
    _ask(server, "/kill")
    eventually(lambda: server.status()["publisher"]["checked_at"] > before)


def test_callback_that_fails_is_counted_for_its_version(
    start: Start, tmp_path: Path
) -> None:
    """In each worker, for the version that it was called with."""
    server = start("sync", workers=2)
    eventually(lambda: len(_workers(server)) == 2)
    write(tmp_path / "config.yaml", "message: harmful\n")
    eventually(lambda: tally(server, 2).callback_failures == 2)
    write(tmp_path / "config.yaml", "message: three\n")
    eventually(lambda: [each["version"] for each in _workers(server)] == [3, 3])
    assert tally(server, 1)[3:] == (0, 0, 0, 0)
    assert tally(server, 2) == Tally(2, 0, 0, 2, 2, 0)
    assert tally(server, 3)[3:] == (0, 0, 0, 0)
