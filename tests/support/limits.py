"""
A process that is allowed no more descriptors than it has.

Owns: setting its limit and giving it back.
Must not know: what the process is.
Runs in: the test process, for itself or for another one.
"""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import psutil


@contextlib.contextmanager
def no_descriptors(process: psutil.Process, but: int = 0) -> Iterator[None]:
    """Have each call of a process that makes a descriptor fail, `but` so many first."""
    limits = process.rlimit(resource.RLIMIT_NOFILE)
    held = {int(entry.name) for entry in Path(f"/proc/{process.pid}/fd").iterdir()}
    free = [number for number in range(len(held) + but + 1) if number not in held]
    process.rlimit(resource.RLIMIT_NOFILE, (free[but], limits[1]))
    try:
        yield
    finally:
        process.rlimit(resource.RLIMIT_NOFILE, limits)
