"""
What the publisher does while nothing changes: nothing, with one inotify instance.

Owns: the row `idle`.
Must not know: how the publisher waits.
Runs in: the measuring process; strace as its child.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from benchmarks import stage
from benchmarks.report import Line, progress
from tests.support.server import CONFIG_FILE

_WORKERS = (1, 4, 16)


def measure(is_quick: bool) -> list[Line]:
    """Return the lines of the row."""
    seconds = 5 if is_quick else 30
    lines: list[Line] = []
    for workers in _WORKERS:
        progress(f"idle: {workers} workers")
        with (
            stage.volume("message: Hello World\n") as volume,
            stage.server(
                volume.path(stage.KEY), CONFIG_FILE, workers=workers
            ) as server,
        ):
            lines.append(_instances_line(workers, server.family()))
            if workers == 1:
                assert server.publisher is not None
                lines[:0] = _quiet_lines(server.publisher.pid, seconds)
    return lines


def _instances_line(workers: int, family: Iterable[psutil.Process]) -> Line:
    count = sum(_inotify_instances(process.pid) for process in family)
    return Line(
        "idle",
        f"inotify instances in the process tree, {workers} workers",
        f"{count}",
        "",
        f"{count}",
        "1",
        count == 1,
    )


def _inotify_instances(pid: int) -> int:
    folder = Path(f"/proc/{pid}/fd")
    return sum(os.readlink(entry) == "anon_inode:inotify" for entry in folder.iterdir())


def _quiet_lines(pid: int, seconds: int) -> list[Line]:
    """Look once from outside, and once with strace, which itself wakes the process."""
    progress(f"idle: twice {seconds} s of looking at the publisher")
    switches = _switches(pid)
    time.sleep(seconds)
    woken = _switches(pid) - switches
    lines = [
        Line(
            "idle",
            f"times the publisher ran in {seconds} s",
            f"{woken}",
            "",
            f"{woken}",
            "0",
            woken == 0,
        )
    ]
    if shutil.which("strace") is None:
        progress("idle: strace is not installed, so no system calls are counted")
        return lines
    calls = _system_calls(pid, seconds)
    lines.append(
        Line(
            "idle",
            f"the publisher's system calls in {seconds} s, by strace",
            f"{len(calls)}",
            "",
            ", ".join(calls) or "0",
            "0",
            not calls,
        )
    )
    return lines


def _switches(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    names = ("voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:")
    return sum(
        int(line.split()[1]) for line in status.splitlines() if line.startswith(names)
    )


def _system_calls(pid: int, seconds: int) -> list[str]:
    """Return the names of the calls that the process finished or began."""
    with stage.directory() as place:
        output = place / "strace.txt"
        tracer = subprocess.Popen(
            ["strace", "-f", "-c", "-o", output, "-p", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            # It is told to stop by a signal; before that only an error ends it.
            tracer.wait(seconds)
        except subprocess.TimeoutExpired:
            tracer.send_signal(signal.SIGINT)
        _, error = tracer.communicate()
        if not output.exists():
            raise RuntimeError(f"strace could not look: {error.decode()}")
        return _names(output.read_text())


def _names(summary: str) -> list[str]:
    """Return the last column of strace's table of calls."""
    rows = [line.split() for line in summary.splitlines()]
    return [
        row[-1] for row in rows if row and row[0][:1].isdigit() and row[-1] != "total"
    ]
