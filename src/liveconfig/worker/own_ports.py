"""
Ports of a worker that are served apart from all its others, in threads of their own.

Owns: which ports those are, their listeners in this worker, whether it is alive.
Must not know: what is served on them.
Runs in: every worker; ports may be set apart in the master, with `--preload`.

Why by the listener: it alone is nobody's word. gunicorn takes `SERVER_PORT` of a unix
socket, and its tornado worker that of any socket, from what the client sent. A worker
gives up the listeners of these ports before it accepts anything, so whatever comes in
by another one cannot get here, with any kind of worker and any kind of application.
Why threads of their own: a client that sends nothing keeps a worker, or one of its
threads, from everything else for as long as it likes.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gunicorn.workers.sync import SyncWorker

from liveconfig.sentences.of_processes import PORT_ALONE, PORT_CLOSED

# As WSGI has it: it takes the environ and `start_response`.
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

# How many are answered at a time in one worker, and how long each may take: far more
# than probes, a scrape and some pages need, and an end to clients that send nothing.
_CONNECTIONS_MAX = 32
_SECONDS_MAX = 30.0
# How long a worker that ends waits for those that are under way: a page takes less.
_FINISH_SECONDS = 2.0
# How long nobody is let in when there is no descriptor for it.
_PAUSE_SECONDS = 0.1

_applications: dict[int, Application] = {}
_worker: Any = None


def set_apart(port: int, application: Application) -> None:
    """Have `application` answer on a port, in each worker that starts from now on."""
    _applications[port] = application


def serve(worker: Any) -> None:
    """
    Take the listeners of the ports set apart from a worker that is about to run.

    A port that gunicorn does not listen on is closed; the log says so.

    Raises:
        OSError, RuntimeError: no descriptor or no thread is left; the ports are
            closed in this worker.
    """
    global _worker
    _worker = worker
    if not _applications:
        return
    mine = [each for each in worker.sockets if _port(each) in _applications]
    for port in _applications.keys() - {_port(each) for each in mine}:
        PORT_CLOSED.write(worker.log, port, _names(worker.sockets), port)
    left = [each for each in worker.sockets if each not in mine]
    if mine and not left:
        PORT_ALONE.write(worker.log, _names(mine))
        return
    _give_up(worker, mine, left)
    doors = [
        (listener, _handler(worker, listener, _applications[_port(listener)]))
        for listener in mine
    ]
    _Apart(doors).run_beside(worker)


def is_beating() -> bool:
    """Return whether this worker's own loop goes on, as gunicorn's master judges it."""
    if _worker is None or not _worker.cfg.timeout:
        return True
    silent_seconds = time.monotonic() - _worker.tmp.last_update()
    return bool(silent_seconds <= _worker.cfg.timeout)


class _Apart:
    """The listeners that one worker serves apart, and who is being answered."""

    def __init__(self, doors: Sequence[tuple[Any, SyncWorker]]) -> None:
        self._doors = {listener.fileno(): (listener, each) for listener, each in doors}
        self._deadlines: dict[socket.socket, float] = {}
        self._ended = threading.Condition()
        self._is_closing = False
        self._wakened, self._waker = os.pipe()

    def run_beside(self, worker: Any) -> None:
        """Answer from now on, until the worker's own loop ends."""
        if not self._doors:
            return
        run = worker.run

        def run_and_finish() -> None:
            run()
            self._finish()

        threading.Thread(
            target=self._let_in, name="liveconfig own ports", daemon=True
        ).start()
        worker.run = run_and_finish

    def _finish(self) -> None:
        """Let nobody in any more, and wait for those that are under way."""
        with self._ended:
            self._is_closing = True
            self._ended.wait_for(lambda: not self._deadlines, _FINISH_SECONDS)

    def _let_in(self) -> None:
        while not self._is_closing:
            for descriptor in self._wait():
                if descriptor == self._wakened:
                    os.read(self._wakened, _CONNECTIONS_MAX)
                else:
                    self._accept(*self._doors[descriptor])
            self._hang_up_on_the_late()

    def _wait(self) -> list[int]:
        """Wait until somebody may be let in, has been answered, or is late."""
        poll = select.poll()
        poll.register(self._wakened, select.POLLIN)
        with self._ended:
            deadlines = list(self._deadlines.values())
        if len(deadlines) < _CONNECTIONS_MAX:
            for descriptor in self._doors:
                poll.register(descriptor, select.POLLIN)
        pause = min(deadlines) - time.monotonic() if deadlines else None
        ready = poll.poll(None if pause is None else max(0.0, pause * 1000) + 1)
        return [descriptor for descriptor, _ in ready]

    def _accept(self, listener: Any, handler: SyncWorker) -> None:
        with self._ended:
            # Asked under the lock, so that `_finish` waits for whoever is let in.
            if self._is_closing:
                return
            try:
                client, address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                # Another worker was faster, or the client has gone.
                return
            except OSError:
                self._ended.wait(_PAUSE_SECONDS)
                return
            client.setblocking(True)
            self._deadlines[client] = time.monotonic() + _SECONDS_MAX
        arguments = (listener, handler, client, address)
        try:
            threading.Thread(target=self._answer, args=arguments, daemon=True).start()
        except RuntimeError:
            self._forget(client)

    def _answer(
        self, listener: Any, handler: SyncWorker, client: socket.socket, address: Any
    ) -> None:
        try:
            # Where there is no descriptor for it, nothing is answered.
            with contextlib.suppress(OSError):
                # Its own descriptor, since it is closed by whoever wraps it for TLS.
                handler.handle(listener, client.dup(), address)
        finally:
            self._forget(client)

    def _forget(self, client: socket.socket) -> None:
        with self._ended:
            del self._deadlines[client]
            self._ended.notify_all()
        client.close()
        os.write(self._waker, b".")

    def _hang_up_on_the_late(self) -> None:
        now = time.monotonic()
        with self._ended:
            late = [each for each, by in self._deadlines.items() if by <= now]
            for client in late:
                # Whoever answers finds the connection at its end, and gives it up.
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
                self._deadlines[client] = now + _SECONDS_MAX


def _handler(worker: Any, listener: Any, application: Application) -> SyncWorker:
    """Return gunicorn's own way from a connection to an application and back."""
    handler = SyncWorker(
        worker.age,
        worker.ppid,
        [listener],
        worker.app,
        worker.timeout,
        worker.cfg,
        worker.log,
    )
    # It is no worker: nobody looks for signs of its life, and it is never replaced.
    handler.tmp.close()
    handler.max_requests = sys.maxsize
    handler.wsgi = application
    return handler


def _give_up(worker: Any, mine: Sequence[Any], left: Sequence[Any]) -> None:
    worker.sockets = list(left)
    worker.wait_fds = [each for each in worker.wait_fds if each not in mine]
    for listener in mine:
        # Several workers wait for the same client, and all but one in vain.
        listener.setblocking(False)


def _port(listener: Any) -> int:
    """Return the port that a socket listens on, -1 for one that has none."""
    name = listener.getsockname()
    return name[1] if isinstance(name, tuple) else -1


def _names(listeners: Sequence[Any]) -> str:
    return ", ".join(str(each.getsockname()) for each in listeners)
