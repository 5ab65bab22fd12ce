"""
What a real service has counted for a version, read as its publisher would.

Owns: finding the table of workers of a running master.
Must not know: what is counted, and why.
Runs in: the test process.
"""

from __future__ import annotations

import os

from liveconfig.memory.tallies import Tally
from liveconfig.memory.worker_table import WorkerTable
from tests.support.server import Server


def tally(server: Server, version: int) -> Tally:
    """Return how a version fares in a server's workers."""
    table = WorkerTable.attach(os.open(_table(server.master.pid), os.O_RDONLY))
    try:
        return table.tally(version)
    finally:
        table.close()


def _table(pid: int) -> str:
    folder = f"/proc/{pid}/fd"
    paths = [f"{folder}/{number}" for number in os.listdir(folder)]
    return next(each for each in paths if "liveconfig-workers" in os.readlink(each))
