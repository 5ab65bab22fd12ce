"""
A clock that somebody steps, for every Python process that finds this file first.

Owns: `time.time` and `time.time_ns`, moved by the seconds that stand in the file that
    CLOCK_STEP_FILE names.
Must not know: whose clock it is.
Runs in: the gunicorn master, its workers and its publisher.

The kernel's clock belongs to the whole machine, and there is no namespace for it. So
the times of files, and what other languages' code asks the kernel, are not moved.
"""

from __future__ import annotations

import contextlib
import os
import time

_STEP_FILE = os.environ["CLOCK_STEP_FILE"]
_kernel_time_ns = time.time_ns


def _stepped_time_ns() -> int:
    with contextlib.suppress(FileNotFoundError, ValueError), open(_STEP_FILE) as file:
        return _kernel_time_ns() + int(float(file.read()) * 1e9)
    return _kernel_time_ns()


time.time_ns = _stepped_time_ns
time.time = lambda: _stepped_time_ns() / 1e9
