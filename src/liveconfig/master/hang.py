"""
Whether a publisher hangs, or is busy.

Owns: how long each step of it may last, and by which clock.
Must not know: how a process is started or ended, what it reads.
Runs in: the gunicorn master.

Why processor time: on a machine that is busy with others a second of work takes a
minute, and a clock on the wall would have a publisher killed for its neighbours. So
work is measured by what the kernel counts, which no code of a schema can make up; code
that waits for ever gets no processor time, and is noticed by that.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

# What one look at a source may take, at a start as later: in time of the processor, and
# without hardly any of it. A YAML file of a megabyte takes a second.
_WORK_SECONDS_MAX = 30.0
_STILL_SECONDS_MAX = 30.0
# The part of a processor below which a process counts as one that waits.
_STILL_SHARE = 0.01
# How much later than it must an idle one may look, on a machine that is busy.
_LATE_SECONDS_MAX = 30.0

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Vigil:
    """What one process does, as far as it shows whether it hangs."""

    def __init__(self, pid: int) -> None:
        """Begin to look after the process `pid`."""
        self._pid = pid
        self._pulse = -1
        self._begin(time.monotonic())

    def trouble(self, pulse: int, pulse_seconds: float, *, is_working: bool) -> str:
        """
        Say how the process hangs, in words that follow its name; "" if it is well.

        Args:
            pulse: a number that it changes whenever it begins or ends to work, and at
                least once in every `pulse_seconds` while it does not.
            pulse_seconds: see there.
            is_working: whether it has begun, and not ended.
        """
        now = time.monotonic()
        if pulse != self._pulse:
            self._pulse = pulse
            self._begin(now)
        if is_working:
            return self._trouble_at_work(now)
        if now - self._begun_at > pulse_seconds + _LATE_SECONDS_MAX:
            return f"has done nothing for {now - self._begun_at:.0f} s"
        return ""

    def _begin(self, now: float) -> None:
        self._begun_at = now
        self._count_from(_processor_seconds(self._pid), now)

    def _count_from(self, worked: float | None, now: float) -> None:
        self._worked_before = self._worked_at_move = worked
        self._moved_at = now

    def _trouble_at_work(self, now: float) -> str:
        worked, before = _processor_seconds(self._pid), self._worked_before
        if worked is None or before is None or self._worked_at_move is None:
            # What is not known, as for want of a descriptor, is held against nobody.
            self._count_from(worked, now)
            return ""
        seconds = worked - before
        if seconds > _WORK_SECONDS_MAX:
            return f"has worked at one source for {seconds:.0f} s of processor time"
        if worked - self._worked_at_move > _STILL_SHARE * _STILL_SECONDS_MAX:
            self._worked_at_move, self._moved_at = worked, now
        if now - self._moved_at > _STILL_SECONDS_MAX:
            return f"has waited for {now - self._moved_at:.0f} s within its work"
        return ""


def _processor_seconds(pid: int) -> float | None:
    """Return what the processors have spent on a process, None if it is not known."""
    with contextlib.suppress(OSError):
        # The name before may hold blanks and brackets.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return sum(map(int, fields[11:13])) / _TICKS_PER_SECOND
    return None
