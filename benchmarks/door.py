"""
A port of its own for every worker, so that the kernel does not choose who answers.

Owns: opening it in the worker; finding it and asking through it from outside.
Must not know: which application answers, what is measured.
Runs in: the workers of every server under measurement, and the measuring process.
"""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

import psutil

from tests.support.eventually import eventually
from tests.support.server import Server

_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_TIMEOUT_SECONDS = 30.0


class Answer(NamedTuple):
    """One response, as bytes."""

    head: bytes
    body: bytes


def open_door(worker: Any) -> None:
    """Let a sync worker listen on one more port, which no other worker has."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    listening.setblocking(False)
    worker.sockets.append(listening)
    worker.wait_fds.append(listening)


def doors(server: Server) -> list[int]:
    """Return the port of each worker's own door, once all have opened theirs."""
    shared = {server.port, server.admin_port}
    return [
        min(eventually(lambda p=pid: _listening(p) - shared))
        for pid in sorted(server.worker_pids)
    ]


def _listening(pid: int) -> set[int]:
    connections = psutil.Process(pid).net_connections("tcp4")
    return {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}


def ask(port: int) -> Answer:
    """Ask for `/` on a new connection and read the answer to its end."""
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS) as connection:
        connection.sendall(_REQUEST)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"a server under measurement answered {answer[:200]!r}")
    return Answer(head, body)
