"""Requests that are odd or forged: the operators' routes stay on their own port."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.raw_http import RawAnswer, ask_raw, get_request
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

_WORKERS = 2

_PUBLIC = ("/", "/livez", "/readyz")
_OPERATORS = ("/config", "/metrics", "/status")
_METHODS = ("POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "BREW")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all requests of this module."""
    directory: Path = tmp_path_factory.mktemp("odd")
    volume = ConfigMapVolume(
        directory / "volume", {"config.yaml": "message: Hello World\n"}
    )
    server = Server(volume.path("config.yaml"), directory, workers=_WORKERS)
    try:
        yield server.wait_until_ready()
    finally:
        server.stop()


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """The server; whatever is asked, its workers live on and nothing is an error."""
    yield running
    assert running.get().text == "Hello World"
    assert len(running.lines("Booting worker")) == _WORKERS
    assert running.lines(r"Traceback|\[ERROR\]|\[CRITICAL\]") == []


def _says_nothing_of_operators(answer: RawAnswer) -> bool:
    return not re.search(rb'log_level"|"publisher"|"digest"', answer.body)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Host: localhost:{port}",),
        ("X-Forwarded-Port: {port}", "X-Forwarded-Host: x:{port}"),
        ("X-Forwarded-Proto: https", "X-Forwarded-Proto: http"),
        ("X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1"),
        ("X-Forwarded-Prefix: {route}",),
        ("Forwarded: for=127.0.0.1;host=x:{port};proto=https",),
        ("SERVER_PORT: {port}", "Server-Port: {port}", "Server_Port: {port}"),
        ("SCRIPT_NAME: {route}", "PATH_INFO: {route}"),
        ("X-Original-URL: {route}", "X-Rewrite-URL: {route}"),
        ("X-HTTP-Method-Override: GET",),
        (":authority: x:{port}",),
        ("Upgrade: h2c", "HTTP2-Settings: x"),
    ],
)
def test_forged_headers_do_not_lead_to_the_operators_routes(
    server: Server, headers: tuple[str, ...]
) -> None:
    """No header moves a request to another port, neither its path nor another's."""
    for route, target in itertools.product(_OPERATORS, (*_OPERATORS, "/")):
        forged = [h.format(port=server.admin_port, route=route) for h in headers]
        for host in ("x", f"127.0.0.1:{server.admin_port}"):
            answer = ask_raw(server.port, get_request(target, *forged, host=host))
            assert answer.status in ((200, 400) if target == "/" else (404, 400))
            assert _says_nothing_of_operators(answer)


@pytest.mark.parametrize(
    "request_of",
    [
        "GET {} HTTP/1.0\r\n\r\n",
        "GET {}\r\n\r\n",
        "GET {} HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET {} HTTP/1.1\r\nHost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET {} HTTP/1.1\r\nHost: x\r\n\r\n",
        "PROXY TCP4 127.0.0.1 127.0.0.1 1 {port}\r\nGET {} HTTP/1.1\r\n\r\n",
        "CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nGET {} HTTP/1.1\r\n\r\n",
        "HEAD {} HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS {} HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET {} HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_no_version_or_framing_leads_to_the_operators_routes(
    server: Server, request_of: str
) -> None:
    """Neither older or newer HTTP nor a request behind another one gets there."""
    for route in _OPERATORS:
        request = request_of.replace("{port}", str(server.admin_port)).format(route)
        answer = ask_raw(server.port, request, ends=True)
        assert answer.status in (200, 400, 404)
        assert _says_nothing_of_operators(answer)


_PIECES = st.sampled_from(
    (
        *("/", "//", "/./", "/../", "/x/../", ".", "..", ";", ":", "@", "&", "=", "*"),
        *(
            "%2f",
            "%2F",
            "%2e",
            "%63",
            "%43",
            "%00",
            "%0d%0a",
            "%25",
            "%5c",
            "%ff",
            "\\",
        ),
        *("?", "?x=", "#", "config", "Config", "metrics", "status", "onfig"),
        *("livez", "readyz"),
        *("http://", "https://", "x", "localhost", "127.0.0.1", "[::1]", ":9090"),
        *("\u00e9", "%c0%af", "%e2%80%a5", "+", "~", "'", '"', "<"),
    )
)


@settings(max_examples=150)
@given(st.lists(_PIECES, max_size=7).map("".join))
@example("http://x/%63onfig")
@example("/;/../config")
def test_no_made_up_target_leads_to_the_operators_routes(
    server: Server, target: str
) -> None:
    """However a target is put together, the public port has its own routes alone."""
    answer = ask_raw(server.port, get_request(target))
    assert answer.status in (200, 400, 404)
    assert _says_nothing_of_operators(answer)


@pytest.mark.parametrize("path", _PUBLIC + _OPERATORS)
def test_head_is_answered_as_get_without_the_body(server: Server, path: str) -> None:
    """Whoever asks for the headers alone gets those of GET."""
    port = server.admin_port if path in _OPERATORS else server.port
    get, head = (ask_raw(port, get_request(path, method=m)) for m in ("GET", "HEAD"))
    assert (get.status, head.status, head.body) == (200, 200, b"")
    assert get.headers.keys() == head.headers.keys()
    for name in ("content-type", "config-version", "config-digest"):
        assert get.headers[name] == head.headers[name]


@pytest.mark.parametrize("path", _PUBLIC + _OPERATORS)
def test_refusal_of_a_method_names_those_that_are_taken(
    server: Server, path: str
) -> None:
    """405 comes with `Allow`, as does OPTIONS, and nothing of the request is shown."""
    port = server.admin_port if path in _OPERATORS else server.port
    for method in _METHODS:
        answer = ask_raw(port, get_request(path, "X-Token: S3cr3t", method=method))
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
        assert b"S3cr3t" not in answer.body
    options = ask_raw(port, get_request(path, method="OPTIONS"))
    assert (options.status, options.headers["allow"]) == (200, "GET, HEAD")
