"""
What the processes of a server hold: themselves, descriptors, threads, memory.

Owns: measuring by role, comparing two measurements, the table of them.
Must not know: what happened between the two.
Runs in: the test process.

Memory is the USS: what would be free again if the process were not there. It may be
2 MiB more and no leak: CPython takes memory from the system in arenas of 1 MiB, and
malloc keeps what was freed for later, so one object in a bad place moves it by a step
or two. What is lost with each request or flip is far beyond that after some minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import psutil

from tests.support.server import Server, is_guardian, is_publisher

MEMORY_MIB_MORE_MAX = 2.0


class Usage(NamedTuple):
    """
    What the processes of one role hold; of each the most that one of them does.

    Attributes:
        processes: how many there are, the dead that nobody reaped among them.
        descriptors: open files, sockets and whatever else has a number.
        threads: including the first.
        memory_mib: the USS in MiB.
    """

    processes: int
    descriptors: int
    threads: int
    memory_mib: float


def usage_of(processes: Iterable[psutil.Process]) -> Usage:
    """Measure processes of one role."""
    found = [
        (process.num_fds(), process.num_threads(), process.memory_full_info().uss)
        for process in processes
        if process.status() != psutil.STATUS_ZOMBIE
    ]
    descriptors, threads, memory = (max(column) for column in zip(*found, strict=True))
    return Usage(len(found), descriptors, threads, memory / 2**20)


def usage_by_role(server: Server) -> dict[str, Usage]:
    """
    Measure a server that is at rest.

    Raises:
        AssertionError: it has a process that is none of these.
    """
    children = server.master.children(recursive=True)
    publishers = [child for child in children if is_publisher(child)]
    guardians = [child for child in children if is_guardian(child)]
    workers = [child for child in children if child.pid in server.worker_pids]
    others = set(children) - set(publishers) - set(guardians) - set(workers)
    assert not others, f"what are these? {others}"
    return {
        "master": usage_of([server.master]),
        "publisher": usage_of(publishers),
        "guardian": usage_of(guardians),
        "worker": usage_of(workers),
    }


def leaks(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> list[str]:
    """Say what is not as it was, by role; memory may be a little more, or less."""
    found = []
    for role, then in before.items():
        now = after[role]
        found += [
            f"{role}: {name} {was} -> {is_now}"
            for name, was, is_now in zip(Usage._fields[:3], then, now, strict=False)
            if was != is_now
        ]
        if now.memory_mib > then.memory_mib + MEMORY_MIB_MORE_MAX:
            found.append(
                f"{role}: memory {then.memory_mib:.1f} -> {now.memory_mib:.1f} MiB"
            )
    return found


def table(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> str:
    """Return one line for each role, each cell as it was and as it is."""
    lines = [
        f"{'role':10}{'processes':>12}{'descriptors':>14}{'threads':>10}{'USS':>22}"
    ]
    for role, then in before.items():
        now = after[role]
        cells = [f"{a} -> {b}" for a, b in zip(then[:3], now[:3], strict=True)]
        memory = f"{then.memory_mib:.2f} -> {now.memory_mib:.2f} MiB"
        lines.append(f"{role:10}{cells[0]:>12}{cells[1]:>14}{cells[2]:>10}{memory:>22}")
    return "\n".join(lines)
