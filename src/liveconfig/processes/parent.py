"""
Ending with the parent, however the parent ends.

Owns: one request to the kernel.
Must not know: who the parent or the child is.
Runs in: the publisher and every worker.

Why the kernel: a killed master cannot notify its children, and a gunicorn worker
with two ports looks for its parent only every 15 seconds.
"""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def signal_at_end_of_parent(number: signal.Signals) -> None:
    """Have the kernel send this process a signal when its parent ends from now on."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)


def end_with_parent(parent_pid: int, number: signal.Signals) -> None:
    """Have the kernel send this process a signal when its parent ends, or has ended."""
    signal_at_end_of_parent(number)
    if os.getppid() != parent_pid:
        # It ended before the kernel was asked.
        os.kill(os.getpid(), number)
