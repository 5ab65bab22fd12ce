"""
A client that keeps a server busy.

Owns: asking with several requests waiting at once, and how long each took.
Must not know: what is served.
Runs in: a process of its own, forked from the measuring one.

The worker is kept busy from the other core, with several requests always waiting, so
the rate is what the worker can do and not what the client can.
"""

from __future__ import annotations

import select
import socket
import time
from typing import NamedTuple

_WAITING_REQUESTS = 4
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Load(NamedTuple):
    """What a client saw: seconds per answer, all answers, and those that were none."""

    latencies: list[float]
    seconds: float
    failed: int

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds


class Client:
    """Some connections, each for one request, each followed by another."""

    def __init__(self, port: int) -> None:
        """Ask at `port`."""
        self._port = port
        self._poller = select.epoll()
        self._waiting: dict[int, tuple[socket.socket, float, bytes]] = {}
        self._latencies: list[float] = []
        self._failed = 0

    def run(self, seconds: float) -> Load:
        """Ask until the time is over."""
        for _ in range(_WAITING_REQUESTS):
            self._send()
        began = time.perf_counter()
        while (now := time.perf_counter()) < began + seconds:
            for descriptor, _ in self._poller.poll(0.1):
                self._receive(descriptor)
        for connection, _, _ in self._waiting.values():
            connection.close()
        return Load(self._latencies, now - began, self._failed)

    def _send(self) -> None:
        sent_at = time.perf_counter()
        connection = socket.create_connection(("127.0.0.1", self._port))
        connection.sendall(_REQUEST)
        self._waiting[connection.fileno()] = (connection, sent_at, b"")
        self._poller.register(connection.fileno(), select.EPOLLIN)

    def _receive(self, descriptor: int) -> None:
        connection, sent_at, head = self._waiting[descriptor]
        try:
            data = connection.recv(65536)
        except ConnectionError:
            data, head = b"", b""
        if data:
            self._waiting[descriptor] = (connection, sent_at, head or data)
            return
        if head.startswith(b"HTTP/1.1 200"):
            self._latencies.append(time.perf_counter() - sent_at)
        else:
            self._failed += 1
        self._poller.unregister(descriptor)
        del self._waiting[descriptor]
        connection.close()
        self._send()
