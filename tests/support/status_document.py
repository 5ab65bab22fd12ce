"""
What `/status` says, made up, and a service that says it.

Owns: a document that is whole and good, to change; a server whose answers are chosen.
Must not know: who asks.
Runs in: the test process; the server in a thread of it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from tests.support import status

DIGEST = f"sha256:{'a' * 64}"
OTHER_DIGEST = f"sha256:{'b' * 64}"

_AT = "2026-11-23T07:07:19.512345+00:00"

PROBLEM = status.error(
    column=7, key="port", problem="expected a whole number, found text"
)


def worker(pid: int, version: int | None = 3, **changes: Any) -> dict[str, Any]:
    """Return a row of the table of workers; without a version it has no config."""
    row = {
        "version": version,
        "digest": version and (DIGEST if version == 3 else OTHER_DIGEST),
        "is_behind": version not in (None, 3),
        "taken_at": version and _AT,
        "delay_ms": version and 0.7,
    }
    return status.worker(pid, **{**row, **changes})


def rejected(**changes: Any) -> dict[str, Any]:
    """Return a candidate that was rejected."""
    candidate = {
        "digest": OTHER_DIGEST,
        "error": PROBLEM,
        "since": _AT,
        "tries": 1,
        "excerpt": [
            {"line": 1, "text": "message: Hello", "column": 0},
            {"line": 2, "text": "port: [********", "column": 7},
        ],
    }
    return status.rejected(**{**candidate, **changes})


def entry(kind: str = "published", **changes: Any) -> dict[str, Any]:
    """Return an entry of the history."""
    base = {"kind": kind, "at": _AT, "digest": DIGEST, "duration_ms": 1.25}
    nothing: dict[str, Any] = {"changes": [], "changed_count": 0}
    return status.published(**{**base, **nothing, **changes})


def document(**changes: Any) -> dict[str, Any]:
    """Return what a service says of which all is well, with some of it changed."""
    workers = changes.get("workers", [worker(21), worker(22)])
    versions = [row["version"] for row in workers]
    publisher = status.status_document()["publisher"]
    base = {
        "digest": DIGEST,
        "published_at": _AT,
        "changed_at": _AT,
        "publisher": {**publisher, "started_at": _AT, "checked_at": _AT},
        "converged": any(versions) and not any(row["is_behind"] for row in workers),
        "delays": {"publisher_ms": 1.42, "last_worker_ms": 0.7},
        "workers": workers,
        "history": [entry()],
    }
    return status.status_document(**{**base, **changes})


class StandIn:
    """
    A service that answers what it is told to.

    Attributes:
        documents: what it says, one after the other; the last one stays.
        answer: what is sent for a request, in parts; by default one of the documents.
        requests: what it was asked.
    """

    def __init__(self) -> None:
        """Start to answer that all is well."""
        self.documents: list[dict[str, Any]] = [document()]
        self.answer: Callable[[str], Iterable[bytes]] = self.good
        self.requests: list[str] = []
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def good(self, request: str) -> Iterable[bytes]:
        """Answer with a document, or that it is the one that the client has."""
        body = json.dumps(self.documents[0]).encode()
        if self.documents[1:]:
            del self.documents[0]
        etag = f'W/"{hash(body)}"'
        if f"If-None-Match: {etag}\r\n" in request:
            return [b"HTTP/1.1 304 Not Modified\r\n\r\n"]
        return [response(body, headers=f"ETag: {etag}\r\n")]

    def says(self, *answer: bytes) -> None:
        """Answer every request with these bytes."""
        self.answer = lambda request: answer

    def silent(self, request: str) -> Iterable[bytes]:
        """Answer nothing, and do not hang up."""
        self._over.wait(60)
        return []

    def trickling(self, request: str) -> Iterable[bytes]:
        """Answer without an end."""
        yield b"HTTP/1.1 200 OK\r\nX: "
        while not self._over.wait(0.02):
            yield b"x"

    def stop(self) -> None:
        """End, whatever is being answered."""
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(ConnectionError):
                request = connection.recv(65536).decode()
                self.requests.append(request)
                for part in self.answer(request):
                    connection.sendall(part)


def response(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """Return a whole response."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body
