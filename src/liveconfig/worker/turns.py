"""
Whose turn it is to decode a large config, so that not all workers stall at once.

Owns: what is large, the order of the workers, how long one is waited for.
Must not know: how a config is decoded, who asks for it.
Runs in: every worker.

Why: decoding holds up all threads of its process, for 0.1 s where there are 50,000
keys. Where all workers do so at once, no request is answered meanwhile; where they do
so in turns, the kernel hands requests to those that are free. A small config is decoded
faster than anybody could be waited for, so nobody waits for it.
"""

from __future__ import annotations

import os
import time

from liveconfig.memory.record import Record
from liveconfig.memory.shared import SharedMemory

# What is smaller is decoded within a few milliseconds, less than a turn would take.
LARGE_BYTES = 128 * 1024

# How long others are waited for in all, and how long a request is served what there is;
# then a worker takes the config whoever else does.
_WAIT_SECONDS_MAX = 1.0
_LEAVE_SECONDS = 2.0
_LOOK_SECONDS = 0.005

# One processor serves while the others decode.
_AT_ONCE = max(1, (os.cpu_count() or 1) // 2)

_is_followed = False
_left: tuple[int, float] = (0, 0.0)


def follow() -> None:
    """Note that a thread of this process takes each version, so requests need not."""
    global _is_followed
    _is_followed = True


def leave_to_follower(record: Record) -> bool:
    """Return whether a request is served what its worker holds, for a moment."""
    global _left
    if not _is_followed or record.newest_bytes <= LARGE_BYTES:
        return False
    head, now = record.version, time.monotonic()
    if _left[0] != head:
        _left = head, now + _LEAVE_SECONDS
    return now < _left[1]


def wait(shared: SharedMemory) -> None:
    """Wait until it is this worker's turn to take the newest version; not for long."""
    if shared.config.newest_bytes <= LARGE_BYTES:
        return
    deadline = time.monotonic() + _WAIT_SECONDS_MAX
    while not _is_turn(shared) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _is_turn(shared: SharedMemory) -> bool:
    rows, head, ahead = shared.workers.rows(), shared.config.version, 0
    for row in rows:
        if row.pid == os.getpid():
            return row.version >= head or ahead < _AT_ONCE
        ahead += row.is_behind(head)
    return True


def _renew_in_child() -> None:
    # No thread of the parent runs in a forked child.
    global _is_followed
    _is_followed = False


os.register_at_fork(after_in_child=_renew_in_child)
