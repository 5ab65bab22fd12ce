"""The client that asks at a steady rate."""

from __future__ import annotations

import socket
import threading

from benchmarks.pace import LOST, Pace
from tests.support.eventually import eventually

_ANSWERS = (
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 500 Internal Server Error\r\n\r\n",
    b"",
)


def _serve(listening: socket.socket) -> None:
    number = 0
    while True:
        connection = listening.accept()[0]
        with connection:
            if not connection.recv(1024).startswith(b"GET / "):
                return
            connection.sendall(_ANSWERS[number % len(_ANSWERS)])
        number += 1


def test_answers_failures_and_losses_are_told_apart() -> None:
    """Each request is noted with its times, and one without an answer is lost."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=_serve, args=[listening])
        server.start()
        port = listening.getsockname()[1]
        with Pace(port, 500) as pace:
            eventually(lambda: len(pace.ended) >= 9)
        with socket.create_connection(("127.0.0.1", port)) as last:
            last.sendall(b"end")
            server.join()
    statuses = [each.status for each in sorted(pace.ended)]
    assert statuses[:6] == [200, 500, LOST] * 2
    assert all(each.sent_at <= each.ended_at for each in pace.ended)
    assert len(pace.failed()) == sum(each.status != 200 for each in pace.ended)
    assert 0 < pace.lost() < len(pace.failed())
    assert pace.failed(pace.ended[-1].ended_at + 1) == []


def test_requests_are_sent_though_none_is_answered() -> None:
    """The rate is kept by a server that answers nobody, as by any."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        Pace(listening.getsockname()[1], 500) as pace,
    ):
        waiting = [eventually(lambda: listening.accept()[0]) for _ in range(5)]
        for connection in waiting:
            connection.recv(1024)
        assert pace.ended == []
        listening.close()
        for connection in waiting:
            connection.close()
    assert pace.lost() == len(pace.ended) >= 5
