"""
What the benchmark promises and can be counted, so that no noise can break it.

Times are compared once, the fastest of many rounds, against a limit far beyond any
that was ever seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from benchmarks import doors, processes, stage
from benchmarks.documents import KIB
from benchmarks.peers import CONSTANT, OURS
from tests.support.eventually import eventually

_WORKERS = 4
_READS = 100_000
_SECONDS = 3.0
_ROUNDS = 30
# Each some milliseconds after the other, so more than two seconds together.
_LOOKS = 1000
_CALLS = 2000
# 1.2 to 1.5 were measured; 2 is the target, which is for `make bench` to judge.
_TIMES_MAX = 5.0
# 17 were counted, with 3.11; a plain method has 9, one under a lock 21 and a call in C.
_BYTECODES_MAX = 30

needs_strace = pytest.mark.skipif(
    not processes.can_trace(), reason="strace is not installed"
)


@pytest.fixture(scope="module")
def ours() -> Iterator[stage.Side]:
    """A server of four workers with liveconfig."""
    with stage.side(OURS, workers=_WORKERS, size=KIB) as side:
        _warm(side)
        yield side


@pytest.fixture(scope="module")
def constant() -> Iterator[stage.Side]:
    """A server of as many workers without any config."""
    with stage.side(CONSTANT, workers=_WORKERS, size=KIB) as side:
        _warm(side)
        yield side


def _warm(side: stage.Side) -> None:
    for port in side.all_ports():
        doors.ask(port)


def _publisher(side: stage.Side) -> int:
    publisher = side.publisher()
    assert publisher is not None
    return publisher.pid


def _flip(side: stage.Side) -> None:
    """Flip, and wait until every worker is fresh."""
    message = side.prepare()
    side.volume.swap()
    for port in side.all_ports():
        eventually(lambda p=port: doors.ask(p) == message)
    side.volume.clean()


def _fastest(side: stage.Side) -> float:
    port = side.all_ports()[0]
    began, ended = json.loads(doors.ask(port, f"/reads?calls={_CALLS}&parties=1"))
    return float(ended - began)


def test_read_is_a_few_bytecodes_and_calls_nothing(ours: stage.Side) -> None:
    """A read of an unchanged config takes no lock and asks nothing of the system."""
    steps: dict[str, Any] = json.loads(doors.ask(ours.all_ports()[0], "/steps"))
    assert steps["calls"] == []
    assert steps["bytecodes"] <= _BYTECODES_MAX


def test_read_is_near_a_plain_method(ours: stage.Side, constant: stage.Side) -> None:
    """The fastest of many reads is not many times that of a plain attribute."""
    mine, plain = (min(pair) for pair in zip(*_rounds(ours, constant), strict=True))
    assert mine <= _TIMES_MAX * plain


def _rounds(ours: stage.Side, constant: stage.Side) -> list[tuple[float, float]]:
    return [(_fastest(ours), _fastest(constant)) for _ in range(_ROUNDS)]


@needs_strace
def test_file_is_read_once_for_all_workers(ours: stage.Side) -> None:
    """An update is one reading of the file, whatever the number of workers."""
    with processes.counted_reads(ours.tree(), ours.peer.key) as count:
        for _ in range(5):
            _flip(ours)
    assert count["reads"] == 5


def test_only_the_publisher_has_the_parser(ours: stage.Side) -> None:
    """No worker can parse YAML: the library is not in its memory."""
    _flip(ours)
    parsers = [pid for pid in ours.tree() if processes.has_mapped(pid, "/yaml/_yaml")]
    assert parsers == [_publisher(ours)]


@pytest.mark.parametrize("workers", [1, 8])
def test_tree_holds_one_inotify_instance(workers: int) -> None:
    """The whole tree holds one instance, whatever the number of workers."""
    with stage.side(OURS, workers=workers, size=KIB) as side:
        _warm(side)
        assert processes.inotify_instances(side.tree()) == 1


def test_publisher_sleeps_while_nothing_changes(ours: stage.Side) -> None:
    """At rest the publisher is not woken up once."""
    publisher = _publisher(ours)
    noted: list[int] = []

    def is_long_asleep() -> bool:
        noted.append(processes.switches([publisher]))
        return noted[-_LOOKS:] == [noted[-1]] * _LOOKS

    eventually(is_long_asleep)


@needs_strace
def test_reads_make_no_system_call(ours: stage.Side) -> None:
    """A hundred thousand reads make no more system calls than their one request."""
    port = ours.all_ports()[0]
    path = f"/reads?calls={_READS}&parties=1"
    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(
            processes.system_calls, ours.server.worker_pids, _SECONDS
        )
        doors.ask(port, path)
        calls = counting.result()
    assert max(calls.values(), default=0) < _READS / 100


@needs_strace
def test_publisher_makes_no_system_call_at_rest(ours: stage.Side) -> None:
    """At rest the publisher makes no system call at all."""
    publisher = _publisher(ours)
    calls = processes.system_calls([publisher], _SECONDS)
    assert sum(calls.get(thread, 0) for thread in processes.threads(publisher)) == 0
