"""
A client that asks at a steady rate, whether it is answered or not.

Owns: asking, and when each request was sent and how it ended.
Must not know: what is served.
Runs in: a thread of the measuring process.

Its times are those of the day, for a worker notes with these when it took a config.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from types import TracebackType
from typing import NamedTuple

_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_PATIENCE_SECONDS = 60.0
LOST = 0


class Ended(NamedTuple):
    """A request: when it was sent, when it ended, and its status, 0 for no answer."""

    sent_at: float
    ended_at: float
    status: int


class Pace:
    """
    So many requests per second, each on a connection of its own; a context manager.

    Attributes:
        ended: the requests that ended, in the order in which they did.
    """

    def __init__(self, port: int, rate: float) -> None:
        """Ask at `port`, `rate` times a second."""
        self.ended: list[Ended] = []
        self._port = port
        self._pause = 1 / rate
        self._poller = select.epoll()
        self._waiting: dict[int, tuple[socket.socket, float, bytes]] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Pace:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for the answers that are still to come."""
        self._is_over.set()
        self._thread.join()

    def failed(self, since: float = 0.0) -> list[Ended]:
        """Return the requests that ended since then, and not with 200."""
        return [e for e in self.ended if e.ended_at >= since and e.status != 200]

    def lost(self, since: float = 0.0) -> int:
        """Return how many requests ended since then without an answer."""
        return sum(each.status == LOST for each in self.failed(since))

    def _run(self) -> None:
        due = time.monotonic()
        while not self._is_over.is_set():
            now = time.monotonic()
            if now >= due:
                self._send()
                # What was missed is not asked for all at once.
                due = max(due + self._pause, now)
            self._receive(max(0.0, due - time.monotonic()))
        until = time.monotonic() + _PATIENCE_SECONDS
        while self._waiting and time.monotonic() < until:
            self._receive(0.1)
        for connection, sent_at, _ in self._waiting.values():
            self.ended.append(Ended(sent_at, time.time(), LOST))
            connection.close()
        self._poller.close()

    def _send(self) -> None:
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", self._port))
        self._waiting[connection.fileno()] = (connection, time.time(), b"")
        self._poller.register(connection.fileno(), select.EPOLLOUT)

    def _receive(self, seconds: float) -> None:
        for descriptor, events in self._poller.poll(seconds):
            connection, sent_at, head = self._waiting[descriptor]
            try:
                if events == select.EPOLLOUT:
                    connection.send(_REQUEST)
                    self._poller.modify(descriptor, select.EPOLLIN)
                    continue
                data = connection.recv(65536)
            except ConnectionError:
                data = b""
            if data:
                self._waiting[descriptor] = (connection, sent_at, head or data)
                continue
            status = int(head.split(b" ", 2)[1]) if head else LOST
            self.ended.append(Ended(sent_at, time.time(), status))
            self._poller.unregister(descriptor)
            del self._waiting[descriptor]
            connection.close()
