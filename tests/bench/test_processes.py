"""What the benchmark takes from the kernel is what was there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from benchmarks import processes
from tests.support.children import Child
from tests.support.eventually import eventually

_BURN_SECONDS = 0.05


def _burn() -> None:
    until = time.process_time() + _BURN_SECONDS
    while time.process_time() < until:
        pass


def _open_and_close() -> None:
    while True:
        os.close(os.open("/dev/null", os.O_RDONLY))


def test_processor_time_has_that_of_children_and_of_the_dead() -> None:
    """What a child takes counts while it lives and after it was reaped."""
    before = processes.cpu_seconds(os.getpid())

    def burn_in_a_child() -> float:
        child = Child(_burn)
        child.wait()
        return processes.cpu_seconds(os.getpid())

    spent = Child(burn_in_a_child).result()
    assert spent >= _BURN_SECONDS * 0.8
    # Of the dead the kernel tells no more than hundredths of a second.
    assert processes.cpu_seconds(os.getpid()) - before >= _BURN_SECONDS * 0.8 - 0.02


@pytest.mark.skipif(not processes.can_trace(), reason="strace is not installed")
def test_reads_of_a_file_are_counted(tmp_path: Path) -> None:
    """Every reading of the file counts, also of a child, and none of its neighbour."""
    for name in ("config", "other-config"):
        (tmp_path / name).write_text("text")
    go = tmp_path / "go"

    def read() -> None:
        eventually(go.exists)
        for name in ("config", "other-config", "config"):
            (tmp_path / name).read_text()
        Child((tmp_path / "config").read_text).result()
        # To open it is not to read it.
        (tmp_path / "config").open().close()
        with pytest.raises(FileNotFoundError):
            (tmp_path / "gone" / "config").read_text()

    child = Child(read)
    with processes.counted_reads([child.pid], "config") as count:
        go.touch()
        child.result()
    assert count["reads"] == 3


def test_looking_at_descriptors_survives_their_end() -> None:
    """A descriptor that is closed before the look at it is no error."""
    child = Child(_open_and_close)
    try:
        for _ in range(300):
            assert processes.inotify_instances([child.pid]) == 0
    finally:
        child.kill()


def test_process_that_ended_counts_as_nothing() -> None:
    """A process that is gone holds nothing, runs never and takes no time."""
    child = Child(_burn)
    child.wait()
    assert processes.tree(child.pid) == []
    assert processes.switches([child.pid]) == 0
    assert processes.inotify_instances([child.pid]) == 0
    assert processes.pss_mib(child.pid) == 0.0
    assert not processes.has_mapped(child.pid, "libc")


def test_switches_grow_with_every_sleep() -> None:
    """A process that wakes up is seen to have run."""

    def sleep_shortly() -> None:
        while True:
            os.sched_yield()

    child = Child(sleep_shortly)
    try:
        before = processes.switches([child.pid])
        eventually(lambda: processes.switches([child.pid]) > before)
    finally:
        child.kill()


def test_calls_are_those_that_strace_did_not_cause() -> None:
    """Calls that strace cut off, or cut in two, do not count, or count once."""
    log = """\
10 select(4, [3], NULL, NULL, {tv_sec=1}) = 0 (Timeout)
11 restart_syscall(<... resuming interrupted read ...> <unfinished ...>
10 getppid() = 1
12 epoll_wait(3,  <unfinished ...>
12 <... epoll_wait resumed>[], 1, 100) = 0
12 --- SIGCHLD {si_signo=SIGCHLD} ---
10 read(3,  <detached ...>
11 <... restart_syscall resumed> <detached ...>
12 +++ exited with 0 +++
"""
    assert processes.counted_calls(log) == {10: 2, 12: 1}


def test_reading_that_strace_cut_counts_once() -> None:
    """A call that was cut in two by another thread's is put together again."""
    log = """\
7 openat(AT_FDCWD, "/volume/config.yaml", O_RDONLY <unfinished ...>
8 openat(5, "config.yaml", O_RDONLY) = 15
7 <... openat resumed>) = 14
8 read(15,  <unfinished ...>
7 read(14, "message: = 0\\n"..., 4096) = 1000
8 <... read resumed>"message"..., 4096) = 1000
7 read(14, "", 4096) = 0
8 openat(AT_FDCWD, "/volume/config.yaml", O_RDONLY) = -1 ENOENT (No such file)
8 openat(AT_FDCWD, "/volume/config.yaml", O_RDONLY) = 16
8 openat(AT_FDCWD, "/other/xconfig.yaml", O_RDONLY) = 17
8 read(17, "other"..., 4096) = 5
"""
    assert processes.readings(log, "config.yaml") == 2
