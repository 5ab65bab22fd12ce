"""
Damage done on purpose to memory that is shared.

Owns: writing into a record behind everybody's back.
Must not know: what lies where in a record.
Runs in: the test process.
"""

from __future__ import annotations

import os


def overwrite(memory: int | str, start: int, content: bytes) -> None:
    """
    Write `content` into a record, as far as it goes.

    Args:
        memory: the record's descriptor, or its path below another process's /proc.
        start: the first byte.
        content: what is written there.
    """
    path = f"/proc/self/fd/{memory}" if isinstance(memory, int) else memory
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        size_bytes = os.fstat(descriptor).st_size
        os.pwrite(descriptor, content[: size_bytes - start], start)
    finally:
        os.close(descriptor)
