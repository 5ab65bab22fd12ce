"""
Workers that end otherwise than the master asked, by the version that they held.

Owns: what a death is, noting it before gunicorn forgets how a worker ended.
Must not know: who judges by the deaths, how a worker is started again.
Runs in: the gunicorn master.

A death is an end by a signal, with a status other than 0, or after a timeout, however
the worker ends then. It is none where the master had asked the worker to end: at TTOU,
at HUP, at its own end, or where somebody else had, by a signal that is for this. One
that ends by itself in order, as at `max_requests`, has status 0.

A death is a breakdown unless SIGKILL came from elsewhere: then the worker died by what
it ran, as of a signal that its own code raises, or of a status, or it hung.

How a worker has ended is looked at without taking it away, since gunicorn asks the
kernel the same afterwards: of all its workers before the first is taken away, and
again after each, as others may have ended meanwhile. One that ends in the microseconds
before the next is missed.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

from liveconfig.memory.worker_table import WorkerTable

# With these gunicorn ends workers that hang, the second where the first does not help.
_TIMEOUT = signal.SIGABRT
_FORCE = signal.SIGKILL
# With this it has them open their logs anew.
_LOGS = signal.SIGUSR1
# A worker that is asked to end before it has its handlers ends by the signal itself.
_REQUESTS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
_IN_ORDER = {(os.CLD_EXITED, 0), *((os.CLD_KILLED, number) for number in _REQUESTS)}
# So the kernel ends one where memory is short, and people end one that is in their way.
_KILLED = (os.CLD_KILLED, signal.SIGKILL)
_LOOK = os.WEXITED | os.WNOHANG | os.WNOWAIT


class Deaths:
    """The workers of one master, from the moment at which it asks them to end."""

    def __init__(
        self, server: Any, table: WorkerTable, notify: Callable[[], None]
    ) -> None:
        """
        Note, from now on, which workers gunicorn's arbiter asks to end.

        Args:
            server: the arbiter.
            table: where deaths are counted.
            notify: called when some were.
        """
        self._server = server
        self._table = table
        self._notify = notify
        # The processes that were asked to end, or whose death has been counted.
        self._settled: set[int] = set()
        self._hanging: set[int] = set()
        kill_worker = server.kill_worker

        def kill_worker_and_note(pid: int, number: int) -> None:
            if number == _TIMEOUT:
                self._hanging.add(pid)
            elif number not in (_FORCE, _LOGS):
                self._settled.add(pid)
            kill_worker(pid, number)

        server.kill_worker = kill_worker_and_note

    def _count(self) -> bool:
        """Count the workers that have died and are not reaped; return if any has."""
        workers = self._server.WORKERS
        self._settled &= workers.keys()
        self._hanging &= workers.keys()
        ends = {pid: self._end(pid) for pid in workers.keys() - self._settled}
        died = {pid: end for pid, end in ends.items() if end is not None}
        self._settled |= died.keys()
        for pid, end in died.items():
            is_breakdown = pid in self._hanging or end != _KILLED
            self._table.count_death(workers[pid].age, is_breakdown=is_breakdown)
        return bool(died)

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """
        Count who has died, and again after each worker that gunicorn takes away within.

        What is called for one, with a line of the log before it, takes long enough for
        the next to end.
        """
        self._count_all()
        setting = self._server.cfg.settings["child_exit"]
        child_exit = setting.value

        def child_exit_and_count(server: Any, worker: Any) -> None:
            child_exit(server, worker)
            self._count_all()

        setting.value = child_exit_and_count
        try:
            yield
        finally:
            setting.value = child_exit

    def _count_all(self) -> None:
        # Again, since whoever is notified of some may take this one's processor.
        while self._count():
            self._notify()

    def _end(self, pid: int) -> tuple[int, int] | None:
        """Return how a worker has died, None if it has not."""
        # Somebody else may have waited for it.
        with contextlib.suppress(ChildProcessError):
            end = os.waitid(os.P_PID, pid, _LOOK)
            if end is not None:
                how = end.si_code, end.si_status
                return how if pid in self._hanging or how not in _IN_ORDER else None
        return None
