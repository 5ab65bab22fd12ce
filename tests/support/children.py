"""
Real child processes for tests: forked, watched, never left behind.

Owns: forking a function, its result over a pipe, stopping and ending it.
Must not know: what is tested.
Runs in: the test process.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.eventually import eventually


class Child:
    """
    A forked process that runs one function and hands back what it returns.

    Attributes:
        pid: the process.
        is_reaped: whether its end was seen and taken.
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        """Fork and run `function` in the child."""
        self.is_reaped = False
        self._reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._reader)
            _run(function, writer)
        os.close(writer)

    def result(self) -> Any:
        """Wait for the child and return its result, or raise what it raised."""
        with os.fdopen(self._reader, "rb") as stream:
            message = stream.read()
        status = self.wait()
        assert message, f"the child ended without a result, wait status {status}"
        is_good, value = pickle.loads(message)
        assert is_good, value
        return value

    def kill(self) -> None:
        """Kill the child with SIGKILL and reap it."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()
        os.close(self._reader)

    def wait(self) -> int:
        """Reap the child and return its wait status."""
        status = os.waitpid(self.pid, 0)[1]
        self.is_reaped = True
        return status

    def ends_within(self, seconds: float) -> bool:
        """Wait so long at most for the child's end, and tell whether it came."""
        pidfd = os.pidfd_open(self.pid)
        try:
            return bool(select.select([pidfd], [], [], seconds)[0])
        finally:
            os.close(pidfd)


def stop(pid: int) -> None:
    """Have a process stand still, with all its threads; SIGCONT lets it go on."""
    os.kill(pid, signal.SIGSTOP)
    # The signal is sent, not served, when `kill` returns: a thread may run on.
    tasks = Path(f"/proc/{pid}/task")
    eventually(lambda: all(_state(task) == "T" for task in tasks.iterdir()))


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


def _run(function: Callable[[], Any], writer: int) -> None:
    # Whatever happens, the child must not go on as a second run of the tests.
    try:
        try:
            message = pickle.dumps((True, function()))
        except Exception:  # noqa: BLE001
            message = pickle.dumps((False, traceback.format_exc()))
        with os.fdopen(writer, "wb") as stream:
            stream.write(message)
    finally:
        os._exit(0)
