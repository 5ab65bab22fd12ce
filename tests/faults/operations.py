"""
What operators do to a gunicorn on purpose, in the midst of it all.

Owns: upgrades, more and fewer workers, workers that are recycled.
Must not know: what is checked in the end.
Runs in: the test process.
"""

from __future__ import annotations

import signal
from pathlib import Path

import psutil

from tests.faults.stage import Stage
from tests.support.eventually import eventually
from tests.support.server import all_ended

_FLIPS = 5
_ROUNDS = 2
_RECYCLED_ROUNDS = 6


def upgrade(stage: Stage) -> None:
    """Start a second master with USR2, and end the first one."""
    first, second = _start_second_master(stage)
    stage.server.signal(signal.SIGTERM)
    stage.server.follow(second)
    eventually(lambda: all_ended(first))
    stage.edits.flip()
    stage.check_newest()


def aborted_upgrade(stage: Stage) -> None:
    """Start a second master with USR2, and end that one."""
    _, second = _start_second_master(stage)
    family = [second, *second.children(recursive=True)]
    second.terminate()
    eventually(lambda: all_ended(family))
    stage.edits.flip()
    stage.check_newest()


def more_and_fewer_workers(stage: Stage) -> None:
    """Add a worker with TTIN and take one away with TTOU, while the volume flips."""
    server = stage.server
    for number, workers in [(signal.SIGTTIN, 3), (signal.SIGTTOU, 2)] * _ROUNDS:
        stage.edits.flip()
        server.signal(number)
        for _ in range(_FLIPS):
            stage.edits.flip()
        eventually(lambda: len(server.worker_pids) == workers)  # noqa: B023
        stage.check_newest()


def master_ends_alone(stage: Stage) -> None:
    """Kill the master when nothing that it started can hear of it."""
    server = stage.server
    for process in server.family()[1:]:
        process.suspend()
    stage.blows += 1
    server.signal(signal.SIGKILL)
    stage.edits.flip()
    stage.start_anew()
    stage.check_newest()


def recycled_workers(stage: Stage) -> None:
    """Have every worker replaced, again and again, while the volume flips."""
    server = stage.server
    for _ in range(_RECYCLED_ROUNDS):
        before = server.worker_pids
        stage.edits.flip()
        stage.check_newest()
        eventually(lambda: not before & server.worker_pids)  # noqa: B023


def _start_second_master(stage: Stage) -> tuple[list[psutil.Process], psutil.Process]:
    """Return the family of the first, and the second when it serves."""
    server = stage.server
    first = server.family()
    server.signal(signal.SIGUSR2)
    eventually(lambda: len(server.family()) == 2 * len(first))
    pidfile = Path(stage.directory / "tmp" / "pid.2")
    second = psutil.Process(int(pidfile.read_text()))
    message = stage.edits.flip()
    if not stage.scene.is_plain:
        eventually(lambda: all(server.get().text == message for _ in range(20)))
    return first, second
