"""
A port of its own for every worker, so that the kernel does not choose who answers.

Owns: opening it in the worker; finding it and asking through it from outside.
Must not know: which application answers, what is measured.
Runs in: the workers of every server under measurement, and the measuring process.

Workers come and go in the servers of peers that restart them. So each writes its port
into a directory, under its process number, and whoever asks takes a door that is shut
for a worker that is gone.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

_REQUEST = b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_TIMEOUT_SECONDS = 60.0
VARIABLE = "BENCHMARK_DOORS"


class FailedAnswerError(ConnectionError):
    """A request that failed; whoever asks again and again takes it for no answer."""


def open_door(worker: Any) -> None:
    """Let a sync worker listen on one more port, which no other worker has."""
    if not hasattr(worker, "wait_fds"):
        return
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    listening.setblocking(False)
    worker.sockets.append(listening)
    worker.wait_fds.append(listening)
    note = Path(os.environ[VARIABLE]) / str(os.getpid())
    # Whole at once, for whoever reads it meanwhile.
    note.with_suffix(".new").write_text(str(listening.getsockname()[1]))
    note.with_suffix(".new").rename(note)


def found(directory: Path) -> list[int]:
    """Return the ports of the workers that are alive, and forget the others."""
    ports = []
    for note in directory.iterdir():
        if note.suffix:
            continue
        if _is_alive(int(note.name)):
            ports.append(int(note.read_text()))
        else:
            note.unlink()
    return sorted(ports)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def ask(port: int, path: str = "/") -> bytes:
    """
    Ask on a new connection and return the body of the answer.

    Raises:
        ConnectionError: nobody is there any more, or it ended before it answered.
        FailedAnswerError: it answered with an error.
    """
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS) as connection:
        connection.sendall(_REQUEST % path.encode())
        answer = b""
        while data := connection.recv(65536):
            answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head:
        raise ConnectionResetError(f"port {port} closed without an answer")
    if not head.startswith(b"HTTP/1.1 200"):
        raise FailedAnswerError(f"the server answered {answer[:300]!r}")
    return body
