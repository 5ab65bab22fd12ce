"""
What a real service has counted for a version, read as its publisher would.

Owns: finding what memory a running master has, and its table of workers in it.
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
    path = memory_of(server, "liveconfig-workers")
    table = WorkerTable.attach(os.open(path, os.O_RDONLY))
    try:
        return table.tally(version)
    finally:
        table.close()


def memory_of(server: Server, name: str) -> str:
    """Return the path, below /proc, of a memory that a server's master has."""
    folder = f"/proc/{server.master.pid}/fd"
    paths = [f"{folder}/{number}" for number in os.listdir(folder)]
    return next(each for each in paths if name in _target(each))


def _target(path: str) -> str:
    # Descriptors come and go.
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return ""
