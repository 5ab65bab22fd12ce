"""
Requests byte by byte, as no client library would send them.

Owns: one connection for each request, and taking its answer apart.
Must not know: what is asked.
Runs in: the test process.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.eventually import PATIENCE_SECONDS

_PIECE_BYTES = 65_536


class RawAnswer(NamedTuple):
    """
    One HTTP response as it came.

    Attributes:
        status: its number, 0 where the server closed the connection without a word,
            or while so much was still on its way that the answer was lost.
        headers: by their names in lower case; of equal ones the last.
        body: whatever came after the headers.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


# A port of this machine, one of a certain address of it, or a unix socket.
Place = int | tuple[str, int] | Path


def ask_raw(place: Place, request: bytes | str, *, ends: bool = False) -> RawAnswer:
    """
    Send bytes, and return what comes until the server closes the connection.

    Args:
        place: where the server listens.
        request: the bytes; of a text its Latin-1, with `Connection: close` in it.
        ends: close the sending side, so that nobody waits for more.

    Raises:
        TimeoutError: the server neither answers nor closes within 10 seconds.
    """
    content = request.encode("latin-1") if isinstance(request, str) else request
    answer = b""
    with connected(place) as connection:
        # A server that has seen enough answers and closes before it has read it all.
        with contextlib.suppress(OSError):
            connection.sendall(content)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(_PIECE_BYTES):
                answer += piece
    return _taken_apart(answer)


def connected(place: Place, seconds: float = PATIENCE_SECONDS) -> socket.socket:
    """Return a connection, on which nothing takes longer than so many seconds."""
    if isinstance(place, Path):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(seconds)
        connection.connect(str(place))
        return connection
    address = ("127.0.0.1", place) if isinstance(place, int) else place
    return socket.create_connection(address, timeout=seconds)


def get_request(
    target: str, *headers: str, method: str = "GET", host: str = "x"
) -> str:
    """Return a request for a target, with these headers and the two it needs."""
    lines = (f"Host: {host}", "Connection: close", *headers)
    return "".join(
        f"{line}\r\n" for line in (f"{method} {target} HTTP/1.1", *lines, "")
    )


def _taken_apart(answer: bytes) -> RawAnswer:
    if not answer:
        return RawAnswer(0, {}, b"")
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    assert first.startswith("HTTP/1."), first
    pairs = (line.split(":", 1) for line in lines)
    headers = {name.lower(): value.strip() for name, value in pairs}
    return RawAnswer(int(first.split(" ")[1]), headers, body)
