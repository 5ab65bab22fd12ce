"""
The moments at which a fault strikes.

Owns: bringing a server to a moment, and proving that it was there.
Must not know: what strikes.
Runs in: the test process.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

from liveconfig.memory.record import Record
from tests.faults.stage import Stage
from tests.support.eventually import eventually

# Strikes once, and returns when the blow has had its effect.
Blow = Callable[[], None]

# Takes the stage, the number of the round, and the blow; tells whether the blow came
# at the moment itself, and not too late.
Moment = Callable[[Stage, int, Blow], bool]

_FLIPS = 3
_SHARES = (0.5, 0.2, 0.8)

_RELOADS = "Handling signal: hup"
_BOOTS = "Booting worker"


def idle(stage: Stage, number: int, blow: Blow) -> bool:
    """Strike while nothing but the requests happens."""
    blow()
    return True


def flip(stage: Stage, number: int, blow: Blow) -> bool:
    """Strike among several flips: right before the rename of one, or right after it."""
    for _ in range(_FLIPS):
        stage.edits.flip()
    stage.edits.flip(**{"after" if number % 2 else "between": blow})
    for _ in range(_FLIPS):
        stage.edits.flip()
    return True


def publication(stage: Stage, number: int, blow: Blow) -> bool:
    """
    Strike while the publisher reads, parses, validates and publishes a new config.

    Each round strikes at another share of its work, by the time that it has a core.
    """
    with stage.record() as record:
        publisher = stage.publisher()
        whole = _publish_once(stage, record, publisher)
        before, spent = record.version, _cpu_ns(publisher)
        due = spent + whole * _SHARES[number % len(_SHARES)]
        stage.edits.flip()
        eventually(lambda: _cpu_ns(publisher) > due or record.version != before)
        blow()
        return record.version == before


def _publish_once(stage: Stage, record: Record, publisher: psutil.Process) -> int:
    """Have a config published, and return how long that had a core, in ns."""
    before, spent = record.version, _cpu_ns(publisher)
    stage.edits.flip()
    eventually(lambda: record.version > before)
    return _cpu_ns(publisher) - spent


def hup(stage: Stage, number: int, blow: Blow) -> bool:
    """
    Strike when the master has begun to reload and no new worker has booted.

    Every other round waits until the publisher is being replaced.
    """
    server = stage.server
    before = server.log
    publisher = server.publisher
    server.signal(signal.SIGHUP)
    eventually(lambda: server.log.count(_RELOADS) > before.count(_RELOADS))
    if number % 2 and publisher is not None:
        eventually(lambda: server.publisher not in (publisher, None))
    blow()
    return server.log.count(_BOOTS) == before.count(_BOOTS)


def _cpu_ns(process: psutil.Process) -> int:
    """Return how long a process has had a core."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0])
    return 0
