"""Requests that are odd, forged, huge or no HTTP: answered properly, by both ports."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz.campaign import fuzz, replay
from tests.fuzz.wire import http_target
from tests.support.raw_http import RawAnswer, ask_raw, get_request
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

# Of bytes that are hardly HTTP; `make fuzz` takes longer.
_SECONDS = 1.0

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


def _sent(*headers: str, body: bytes = b"", method: str = "GET") -> bytes:
    request = get_request("/livez", *headers, method=method)
    return request.encode("latin-1") + body


_CHUNKED = "Transfer-Encoding: chunked"

_ODD: dict[str, tuple[bytes | str, int]] = {
    "long target": (get_request("/" + "x" * 10_000), 414),
    "long query": (get_request("/livez?" + "x" * 10_000), 414),
    "huge target": (get_request("/" + "x" * 2_000_000), 414),
    "long header": (_sent("X: " + "y" * 20_000), 431),
    "huge header": (_sent("X: " + "y" * 2_000_000), 431),
    "many headers": (_sent(*(f"X{n}: y" for n in range(101))), 431),
    "long method": (_sent(method="G" * 60), 400),
    "method in lower case": (_sent(method="get"), 400),
    "made-up method": (_sent(method="BREW"), 405),
    "made-up method of nothing": (get_request("/nothing", method="BREW"), 404),
    "options of all": (get_request("*", method="OPTIONS"), 404),
    "star": (get_request("*"), 400),
    "target without a slash": (get_request("livez"), 400),
    "target with a space": (get_request("/ livez"), 400),
    "target with a zero": (get_request("/livez\x00"), 400),
    "two hosts": (_sent("Host: y"), 400),
    "folded header": (_sent("A: b\r\n folded"), 400),
    "header without a colon": (_sent("Nothing"), 400),
    "header with a space": (_sent("A b: c"), 400),
    "header with a zero": (_sent("A: \x00"), 400),
    "expectation": (_sent("Expect: x"), 417),
    "not ASCII": (_sent("Accept: \xff", "Content-Type: \xff", "Cookie: \x80"), 200),
    "range": (_sent("Range: bytes=0-1", "If-Modified-Since: x"), 200),
    "huge body": (_sent("Content-Length: 3000000", body=b"x" * 3_000_000), 200),
    "huge body of POST": (
        _sent("Content-Length: 3000000", body=b"x" * 3_000_000, method="POST"),
        405,
    ),
    "body": (_sent("Content-Length: 5", body=b"hello"), 200),
    "short body": (_sent("Content-Length: 100", body=b"x"), 200),
    "length below zero": (_sent("Content-Length: -1"), 400),
    "length in hexadecimal": (_sent("Content-Length: 0x1"), 400),
    "two lengths": (_sent("Content-Length: 1", "Content-Length: 2", body=b"xx"), 400),
    "length and chunks": (_sent("Content-Length: 5", _CHUNKED, body=b"0\r\n\r\n"), 400),
    "chunks twice": (_sent(_CHUNKED, _CHUNKED, body=b"0\r\n\r\n"), 400),
    "chunks, not last": (_sent("Transfer-Encoding: chunked, gzip"), 400),
    "other coding": (_sent("Transfer-Encoding: x"), 501),
    "bad chunk": (_sent(_CHUNKED, body=b"zz\r\nx\r\n"), 200),
    "endless chunk": (_sent(_CHUNKED, body=b"f" * 40 + b"\r\nx"), 200),
    "bare newlines": (b"GET /livez HTTP/1.1\nHost: x\n\n", 400),
    "version to come": (b"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n", 400),
    "no end": (b"GET /livez HTTP/1.1\r\nHost: x", 0),
    "TLS": (b"\x16\x03\x01\x02\x00" + bytes(500), 0),
    "nothing": (b"", 0),
}


@pytest.mark.parametrize("odd", _ODD)
def test_size_and_framing_are_answered_properly(server: Server, odd: str) -> None:
    """What is too large or put together wrongly is refused with the status for it."""
    request, status = _ODD[odd]
    for port in (server.port, server.admin_port):
        answered = ask_raw(port, request, ends=True).status
        # Who goes on sending may not see the answer any more.
        assert answered == status or (answered == 0 and len(request) > 1_000_000)


def test_any_bytes_are_answered_properly(server: Server) -> None:
    """Requests of every kind, and changed ones, are answered or closed by both."""
    target = http_target(server.port, server.admin_port)
    seeds = target.seeds()
    result = replay(target, list(seeds.values()))
    assert result.failure is None, f"{result.failure!r}\n{result.reason}"
    assert result.tried == len(seeds)
    number = secrets.randbelow(2**32)
    result = fuzz(target, number, _SECONDS)
    print(f"http: {result.tried} inputs from number {number}")
    assert result.failure is None, f"{number}: {result.failure!r}\n{result.reason}"
    assert result.tried >= 20
