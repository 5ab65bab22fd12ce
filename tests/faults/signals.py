"""
Signals to one process of a server, at a moment.

Owns: what is sent to whom, how often, and what must have come of it.
Must not know: how the moments come about.
Runs in: the test process.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable

import psutil

from tests.faults import moments
from tests.faults.moments import Moment
from tests.faults.stage import Stage
from tests.support.eventually import eventually
from tests.support.server import all_ended

KILL, TERM = signal.SIGKILL, signal.SIGTERM
STOP, CONT = signal.SIGSTOP, signal.SIGCONT

_ROUNDS = 2
# A moment as short as a publication may be missed.
_ROUNDS_MAX = 6

Steps = Callable[[Stage], None]


class Strike:
    """One signal to one process, and what follows from it."""

    def __init__(self, stage: Stage, number: signal.Signals, target: str) -> None:
        """Prepare to strike."""
        self.master = stage.server.master
        self.victim: psutil.Process | None = None
        self._stage = stage
        self._number = number
        self._target = target
        self._workers = stage.server.worker_pids

    def __call__(self) -> None:
        """Send the signal, and wait until it has had its effect."""
        victim = self.victim = eventually(self._send)
        if self._number == KILL:
            eventually(lambda: all_ended([victim]))
        elif self._number == STOP:
            eventually(lambda: all_ended([victim]) or _is_stopped(victim))
        self._stage.blows += 1

    def undo(self) -> None:
        """Have a stopped process go on, after requests and a flip without it."""
        if self._number == STOP:
            assert self.victim is not None
            self._stage.request_some()
            self._stage.edits.flip()
            self._stage.request_some()
            with contextlib.suppress(psutil.NoSuchProcess):
                self.victim.send_signal(CONT)

    def wait_until_replaced(self, *, is_reload: bool) -> None:
        """Wait until all that ended has a successor."""
        server, victim = self._stage.server, self.victim
        assert victim is not None
        if self._target == "publisher" and self._number != STOP:
            eventually(lambda: server.publisher not in (None, victim))
        gone = self._workers if is_reload else set()
        if self._target == "worker" and self._number != STOP:
            gone = gone | {victim.pid}
        eventually(
            lambda: not gone & server.worker_pids and len(server.worker_pids) == 2
        )

    def _send(self) -> psutil.Process | None:
        victim = self._choose()
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(self._number)
            return victim
        return None

    def _choose(self) -> psutil.Process:
        server = self._stage.server
        if self._target == "publisher":
            return self._stage.publisher()
        if self._target == "worker":
            return psutil.Process(min(server.worker_pids))
        return server.master


def struck_by(number: signal.Signals, target: str, moment: Moment) -> Steps:
    """Return the steps of a row: a signal, to one process, at a moment."""

    def steps(stage: Stage) -> None:
        struck: list[bool] = []
        while len(struck) < _ROUNDS or not any(struck):
            assert len(struck) < _ROUNDS_MAX, "the moment was missed each time"
            if struck and number != STOP and target == "publisher":
                # One that dies again within seconds is started ever more slowly.
                stage.finish()
                stage.start()
            strike = Strike(stage, number, target)
            struck.append(moment(stage, len(struck), strike))
            strike.undo()
            stage.edits.flip()
            if number != STOP and target == "master":
                stage.start_anew()
            stage.check_newest()
            if stage.server.master == strike.master:
                strike.wait_until_replaced(is_reload=moment is moments.hup)
                # Those that are new have it without another flip.
                stage.check_newest()

    return steps


def _is_stopped(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_STOPPED)
    return False
