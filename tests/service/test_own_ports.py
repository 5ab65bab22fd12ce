"""Which port a request came in by, and that nobody there holds up another."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import StartServer
from tests.support.children import stop
from tests.support.eventually import eventually
from tests.support.nginx import nginx_before
from tests.support.raw_http import Place, ask_raw, connected, get_request
from tests.support.server import CONFIG_FILE, Server, free_port
from tests.support.tools import needs_nginx
from tests.support.volume import ConfigMapVolume

_ROUTES = ("/status", "/config", "/metrics", "/status/page.css")

_KINDS = pytest.mark.parametrize(
    "kind",
    [
        ["sync", "--threads=1"],
        ["gthread", "--threads=4"],
        ["gthread", "--threads=4", "--preload"],
        ["gevent"],
        ["gevent", "--preload"],
        ["tornado"],
        ["tornado", "--preload"],
    ],
    ids="-".join,
)


class Entrances:
    """One server, and all the ways in: two public ones, and the operators' port."""

    def __init__(self, server: Server, unix: Path) -> None:
        self.server = server
        self.public: Sequence[Place] = (server.port, unix)
        self.operators = server.admin_port

    def assert_apart(self) -> None:
        """Check that the operators' routes are on their port, and nowhere else."""
        for host in ("localhost", f"127.0.0.1:{self.operators}"):
            for place in self.public:
                assert ask_raw(place, get_request("/", host=host)).body == b"one"
                for route in _ROUTES:
                    assert ask_raw(place, get_request(route, host=host)).status == 404
            for route in _ROUTES:
                answer = ask_raw(self.operators, get_request(route, host=host))
                assert answer.status == 200
            root = ask_raw(self.operators, get_request("/", host=host))
            assert b"/status" in root.body


def _also_bound_to(*addresses: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Return options of a server that listens on these as well as on its two ports."""
    ports = (free_port(), free_port())
    # gunicorn leaves out every address beside sockets that it is handed.
    binds = [f"127.0.0.1:{port}" for port in ports]
    return {
        "ports": ports,
        "binds_itself": True,
        "arguments": [*(f"--bind={each}" for each in (*binds, *addresses)), *arguments],
    }


@pytest.fixture
def kind() -> list[str]:
    """The kind of worker, where a test does not say it."""
    return ["gthread", "--threads=4"]


@pytest.fixture
def entrances(
    kind: list[str],
    start_server: StartServer,
    volume: ConfigMapVolume,
    tmp_path: Path,
) -> Entrances:
    """A server with the kind of worker that the test asks for."""
    unix = tmp_path / "public.sock"
    arguments = ["--worker-class", *kind]
    server = start_server(
        volume.path("config.yaml"),
        **_also_bound_to(f"unix:{unix}", arguments=arguments),
    )
    # gunicorn's workers do not hear that they should end before they have booted.
    eventually(lambda: [row["version"] for row in server.status()["workers"]] == [1, 1])
    return Entrances(server, unix)


@_KINDS
def test_port_is_the_one_of_the_socket(entrances: Entrances, kind: list[str]) -> None:
    """Over TCP and a unix socket, with every kind of worker, the listener decides."""
    entrances.assert_apart()


@needs_nginx
@_KINDS
def test_proxy_before_a_unix_socket_leads_to_the_public_side(
    entrances: Entrances, kind: list[str], tmp_path: Path
) -> None:
    """nginx may listen on the same number as the operators' port, elsewhere."""
    unix = entrances.public[-1]
    address = ("127.0.0.2", entrances.operators)
    host = f"{address[0]}:{address[1]}"
    with nginx_before(f"unix:{unix}", address, tmp_path) as place:
        assert ask_raw(place, get_request("/", host=host)).body == b"one"
        for route in _ROUTES:
            assert ask_raw(place, get_request(route, host=host)).status == 404
    entrances.assert_apart()


_ASGI = """
import os

from liveconfig import ConfigManager
from liveconfig.operators.admin import create_admin_app
from liveconfig.reference.config import ServiceConfig
from liveconfig.wsgi import by_port

manager = ConfigManager(ServiceConfig)


async def shop(scope, receive, send):
    assert scope["type"] == "http"
    is_root = scope["path"] == "/"
    start = {"type": "http.response.start", "status": 200 if is_root else 404}
    body = manager.get().message.encode()
    await send({**start, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


admin_port = int(os.environ["LIVECONFIG_ADMIN_PORT"])
app = by_port(shop, {admin_port: create_admin_app(manager)})
"""


def test_asynchronous_application_has_the_operators_port(
    start_server: StartServer, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    """An ASGI application gets nothing of it, and its workers answer there as well."""
    (tmp_path / "asgi_shop.py").write_text(_ASGI)
    unix = tmp_path / "public.sock"
    server = start_server(
        volume.path("config.yaml"),
        probe="/",
        **_also_bound_to(
            f"unix:{unix}",
            arguments=[
                *("--worker-class=asgi", f"--pythonpath={tmp_path}", "asgi_shop:app"),
            ],
        ),
    )
    Entrances(server, unix).assert_apart()
    volume.flip({"config.yaml": "message: two\n"})
    eventually(lambda: server.status()["version"] == 2)
    eventually(lambda: server.get().text == "two")


def test_every_listener_of_the_port_is_the_operators(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """The same port on several addresses is one, and so is every other."""
    number = free_port()
    addresses = [(f"127.0.0.{last}", number) for last in (3, 4)]
    options = _also_bound_to(
        *(f"{host}:{port}" for host, port in addresses), arguments=[]
    )
    path = volume.path("config.yaml")
    server = start_server(path, **options)
    for address in addresses:
        assert ask_raw(address, get_request("/")).body == b"one"
        assert ask_raw(address, get_request("/status")).status == 404
    server.stop()
    server = start_server(
        path, environ={"LIVECONFIG_ADMIN_PORT": str(number)}, **options
    )
    for address in addresses:
        assert ask_raw(address, get_request("/status")).status == 200
    # What was the operators' port before is a public one now.
    assert ask_raw(server.admin_port, get_request("/status")).status == 404


def test_port_that_is_not_bound_is_closed(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """Where the port cannot be served its routes are nowhere, and the log says why."""
    port = free_port()
    server = start_server(
        volume.path("config.yaml"),
        workers=1,
        environ={"LIVECONFIG_ADMIN_PORT": str(port)},
    )
    line = server.wait_for_line(rf"liveconfig: port {port} is closed")
    assert f"bind 127.0.0.1:{port} as well" in line
    for place in (server.port, server.admin_port):
        request = get_request("/status", host=f"127.0.0.1:{port}")
        assert ask_raw(place, request).status == 404
    assert len(server.lines("is closed")) == 1


@contextmanager
def _slow_clients(place: Place, count: int) -> Iterator[None]:
    """Have clients that say nothing, and others that never come to their end."""
    with ExitStack() as stack:
        for number in range(count):
            client = stack.enter_context(connected(place))
            if number % 2:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        yield


def _is_silent(place: Place) -> bool:
    with connected(place, seconds=1.0) as connection:
        connection.sendall(get_request("/").encode())
        try:
            return not connection.recv(1)
        except TimeoutError:
            return True


@_KINDS
def test_slow_clients_hold_up_no_operator(
    entrances: Entrances, kind: list[str]
) -> None:
    """Probes and operators are answered while the public port is held by others."""
    with _slow_clients(entrances.server.port, 40), ExitStack() as stack:
        stack.enter_context(_slow_clients(entrances.public[-1], 40))
        if kind[0] in ("sync", "gthread"):
            # Else the test would show nothing: here all of them are at work.
            eventually(lambda: _is_silent(entrances.server.port))
        for path in ("/livez", "/readyz", "/status", "/config", "/metrics") * 4:
            answer = ask_raw(entrances.operators, get_request(path))
            assert answer.status == 200
    eventually(lambda: entrances.server.get().text == "one")


@needs_nginx
def test_proxy_that_buffers_keeps_slow_clients_away(
    entrances: Entrances, tmp_path: Path
) -> None:
    """Behind nginx the public side is answered too, however many take their time."""
    address = ("127.0.0.2", entrances.operators)
    upstream = f"unix:{entrances.public[-1]}"
    with (
        nginx_before(upstream, address, tmp_path) as place,
        _slow_clients(place, 200),
    ):
        for _ in range(20):
            assert ask_raw(place, get_request("/")).body == b"one"


# As the reference service's, but nobody has half a minute.
_HASTY = f"""
from liveconfig.worker import own_ports

own_ports._SECONDS_MAX = 2.0
exec(open({str(CONFIG_FILE)!r}).read())
"""


def test_slow_operators_are_let_go(
    start_server: StartServer, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    """Whoever fills the operators' port has his time, then others are let in."""
    hasty = tmp_path / "hasty.conf.py"
    hasty.write_text(_HASTY)
    path = volume.path("config.yaml")
    server = start_server(path, workers=1, config_file=hasty)
    with _slow_clients(server.admin_port, 80):
        assert ask_raw(server.admin_port, get_request("/livez")).status == 200
        assert server.get().text == "one"
    assert server.lines("Traceback") == []


def test_worker_that_ends_answers_whom_it_has_let_in(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """A request that is under way on the operators' port outlives a reload."""
    server = start_server(volume.path("config.yaml"))
    old = server.worker_pids
    with connected(server.admin_port) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\n")
        server.signal(signal.SIGHUP)
        eventually(lambda: len(server.worker_pids - old) == 2)
        connection.sendall(b"Host: x\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert re.match(rb"HTTP/1\.1 200 ", answer)


def test_worker_that_hangs_is_not_alive(
    start_server: StartServer, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    """`/livez` speaks for the worker's own loop, not for the thread that answers."""
    (tmp_path / "hanging.py").write_text(_HANGING)
    server = start_server(
        volume.path("config.yaml"),
        workers=1,
        # The master looks for workers that hang, and would replace it: it is stopped.
        arguments=[
            *("--worker-class=sync", "--threads=1", "--timeout=2"),
            *(f"--pythonpath={tmp_path}", "hanging:app"),
        ],
    )
    assert server.get("/livez", admin=True).status == 200
    stop(server.master.pid)
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(get_request("/hang").encode())
            eventually(lambda: server.get("/livez", admin=True).status == 503)
            assert "hangs" in server.get("/livez", admin=True).text
            assert json.loads(server.get("/status", admin=True).text)["version"] == 1
    finally:
        os.kill(server.master.pid, signal.SIGCONT)
    eventually(lambda: server.get("/livez", admin=True).status == 200)


_HANGING = """
import threading

from liveconfig.reference.wsgi import app as service


def app(environ, start_response):
    if environ["PATH_INFO"] == "/hang":
        threading.Event().wait()
    return service(environ, start_response)
"""
