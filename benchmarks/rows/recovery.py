"""
How long after the publisher's death an edit of that moment is served by every worker.

Owns: the row `recovery`.
Must not know: how the death is noticed, who starts what.
Runs in: the measuring process.

The floor is what nobody can do without: a new interpreter that loads PyYAML and parses
the file once. Everything beyond it is the noticing, the rest of the start, and the way
to the workers. Each death comes to a publisher that has lived for long enough, as one
that dies young is started again ever more slowly, on purpose.
"""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

from benchmarks import doors, stage
from benchmarks.documents import KIB, MIB, SIZES
from benchmarks.figures import Metric
from benchmarks.peers import FLOOR, OURS
from benchmarks.plan import Plan
from benchmarks.progress import Bar
from tests.support.eventually import eventually

_WORKERS = 4
_SIZES = (KIB, MIB)
_NOTE = "a new interpreter that parses the file"
_PARSE = """
import sys, yaml
with open(sys.argv[1], "rb") as stream:
    yaml.load(stream, Loader=yaml.CSafeLoader)
"""


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    return [_metric(plan, size, bar) for size in _SIZES]


def _metric(plan: Plan, size: int, bar: Bar) -> Metric:
    samples: dict[str, list[float]] = {OURS: [], FLOOR: []}
    for number in range(plan.recovery_rounds):
        bar.at(number, plan.recovery_rounds, SIZES[size])
        # A server for each death: the next one of the same server would come to a
        # publisher that is young.
        with stage.side(OURS, workers=_WORKERS, size=size) as side:
            samples[OURS].append(_recovery_seconds(side))
            samples[FLOOR].append(_parse_seconds(side))
    case = f"all fresh of {_WORKERS} after its death, {SIZES[size]}"
    return Metric("recovery", case, "s", samples, notes={FLOOR: _NOTE})


def _recovery_seconds(side: stage.Side) -> float:
    """Kill the publisher, flip, and ask all workers until they are fresh."""
    publisher = side.publisher()
    assert publisher is not None
    message = side.prepare()
    ports = side.all_ports()
    began = time.perf_counter()
    publisher.kill()
    side.volume.swap()
    for port in ports:
        eventually(lambda port=port: doors.ask(port) == message)  # type: ignore[misc]
    seconds = time.perf_counter() - began
    side.volume.clean()
    assert not _is_running(publisher)
    return seconds


def _parse_seconds(side: stage.Side) -> float:
    command = [sys.executable, "-c", _PARSE, str(side.peer.path)]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def _is_running(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
