"""
What the kernel knows of a tree of processes.

Owns: reading `/proc` and the processes' clocks; what strace prints.
Must not know: which processes they are.
Runs in: the measuring process; strace as its child.

A process may end, and a descriptor be closed, between its listing and the look at it:
then it counts as gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

_GONE = (FileNotFoundError, ProcessLookupError)
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_CALL = re.compile(r"\w+\(")
_ATTACHED = re.compile(r"Process (\d+) attached")
_OPEN = re.compile(r'open\w*\(.*?"(.*?)".* = (\d+)')
_READ = re.compile(r"p?read\w*\((\d+),.* = [1-9]")
_CUT = " <unfinished ...>"
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>")
_SWITCHES = re.compile(r"(?m)^(?:non)?voluntary_ctxt_switches:\s*(\d+)")


def tree(root: int) -> list[int]:
    """Return a process and all that it started and that is alive."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        with contextlib.suppress(*_GONE):
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
            found.append(pid)
    return found


def cpu_seconds(root: int) -> float:
    """Return the processor time of a tree, with that of the children it has reaped."""
    return sum(map(_clock, tree(root))) + _reaped_seconds(root)


def _clock(pid: int) -> float:
    # clock_getcpuclockid(3), which Python does not have: all threads, in nanoseconds.
    with contextlib.suppress(OSError):
        return time.clock_gettime((~pid << 3) | 2)
    return 0.0


def _reaped_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[13:15])) / _TICKS_PER_SECOND


def pss_mib(pid: int) -> float:
    """Return a process's memory, with its share of what it shares."""
    with contextlib.suppress(*_GONE):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        (found,) = re.findall(r"(?m)^Pss:\s*(\d+) kB", rollup)
        return int(found) / 1024
    return 0.0


def switches(pids: Iterable[int]) -> int:
    """Return how often the threads of processes were put on or taken off a CPU."""
    count = 0
    for pid in pids:
        for task in _listed(Path(f"/proc/{pid}/task")):
            with contextlib.suppress(*_GONE):
                status = (task / "status").read_text()
                count += sum(map(int, _SWITCHES.findall(status)))
    return count


def inotify_instances(pids: Iterable[int]) -> int:
    """Return how many descriptors of inotify instances processes hold."""
    count = 0
    for pid in pids:
        for entry in _listed(Path(f"/proc/{pid}/fd")):
            # A descriptor may be closed before its link is read.
            with contextlib.suppress(*_GONE):
                count += os.readlink(entry) == "anon_inode:inotify"
    return count


def threads(pid: int) -> list[int]:
    """Return the numbers of a process's threads, its own among them."""
    return [int(task.name) for task in _listed(Path(f"/proc/{pid}/task"))]


def has_mapped(pid: int, name: str) -> bool:
    """Return whether a process has a file with `name` in its path in its memory."""
    with contextlib.suppress(*_GONE):
        return name in Path(f"/proc/{pid}/maps").read_text()
    return False


def _listed(folder: Path) -> list[Path]:
    with contextlib.suppress(*_GONE):
        return list(folder.iterdir())
    return []


def can_trace() -> bool:
    """Return whether strace is here."""
    return shutil.which("strace") is not None


def system_calls(pids: Iterable[int], seconds: float) -> dict[int, int]:
    """Return how many calls each thread ended in so many seconds, by strace."""
    with _traced(pids) as log:
        time.sleep(seconds)
    return counted_calls("".join(log))


def counted_calls(log: str) -> dict[int, int]:
    """
    Count the calls in strace's output, by thread.

    Not those that strace itself makes visible: the call that a thread was in when it
    was attached, and the one that it was in when it was let go.
    """
    return dict(
        Counter(
            int(thread)
            for thread, call in _whole_calls(log)
            if _CALL.match(call)
            and not call.startswith("restart_syscall(")
            and "<detached ...>" not in call
        )
    )


@contextlib.contextmanager
def counted_reads(pids: Iterable[int], name: str) -> Iterator[Counter[str]]:
    """
    Count, by strace, how often processes read a file, under the key "reads".

    Not by inotify, which makes one event of two like ones that come close together.
    """
    count: Counter[str] = Counter()
    with _traced(pids, "--trace=open,openat,openat2,read,pread64") as log:
        yield count
    count["reads"] = readings("".join(log), name)


def readings(log: str, name: str) -> int:
    """Return how often, by strace's output, a file was opened and then read from."""
    count, opened = 0, set[tuple[str, str]]()
    for thread, call in _whole_calls(log):
        if (found := _OPEN.match(call)) and found[1].rpartition("/")[2] == name:
            opened.add((thread, found[2]))
        elif (found := _READ.match(call)) and (thread, found[1]) in opened:
            opened.remove((thread, found[1]))
            count += 1
    return count


def _whole_calls(log: str) -> Iterator[tuple[str, str]]:
    """Yield each thread with each of its calls, put together where it was cut."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        thread, _, call = line.partition(" ")
        call = call.lstrip()
        if call.endswith(_CUT):
            begun[thread] = call.removesuffix(_CUT)
        else:
            before = begun.pop(thread, "")
            yield thread, before + _RESUMED.sub("", call)


@contextlib.contextmanager
def _traced(pids: Iterable[int], *options: str) -> Iterator[list[str]]:
    """
    Trace processes and what they fork; the list has the lines once it is over.

    Raises:
        RuntimeError: strace is not here or may not look.
    """
    waiting, lines = set(pids), list[str]()
    with tempfile.NamedTemporaryFile("r", prefix="strace-") as output:
        command = ["strace", "-f", *options, "-o", output.name]
        command += [f"--attach={pid}" for pid in waiting]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert tracer.stderr is not None
        try:
            while waiting and (line := tracer.stderr.readline()):
                waiting -= set(map(int, _ATTACHED.findall(line)))
            if waiting:
                raise RuntimeError(f"strace cannot look at {sorted(waiting)}")
            yield lines
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate()
        lines += output.readlines()
