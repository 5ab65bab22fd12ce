"""
What counting the requests of a version takes of a server.

Owns: the row `counting`.
Must not know: what is counted, and for whom.
Runs in: the measuring process, and a client process forked from it.

By processor time, since requests per second are noisier than what is to be seen: a
microsecond beside some hundred. That of the two hooks is taken alone, in a loop, and so
is that of gunicorn's own in their place; that of a request is a whole server's under
load. Two servers under load, one that counts and one that does not, are compared as
well, which proves no more than that nothing else is at work.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from logging import Logger, getLogger
from types import SimpleNamespace
from typing import Any

from benchmarks import processes, stage
from benchmarks.documents import KIB
from benchmarks.figures import Metric
from benchmarks.load import Client, Load
from benchmarks.peers import OURS
from benchmarks.plan import Plan
from benchmarks.progress import Bar
from liveconfig.memory.record import Writer
from liveconfig.memory.shared import SharedMemory
from liveconfig.worker.counting import Counter
from tests.support.children import Child

_CALLS = 20_000
_OFF = {"LIVECONFIG_TRIAL": "off"}


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    shares, hooks, ratios = [], [], []
    with (
        stage.sides([OURS], workers=1, size=KIB) as (counting,),
        stage.sides([OURS], workers=1, size=KIB, environ=_OFF) as (other,),
    ):
        for number in range(plan.load_rounds):
            bar.at(number, plan.load_rounds, f"round {number + 1}")
            sides = [counting, other][:: 1 if number % 2 else -1]
            spent = {id(each): _by_request(each, plan.load_seconds) for each in sides}
            hooks.append(Child(_hooks_seconds).result())
            shares.append(1 - hooks[-1] / spent[id(counting)])
            ratios.append(spent[id(other)] / spent[id(counting)])
    return [
        Metric("counting", "requests, of those without", "", {OURS: shares}),
        Metric("counting", "CPU of the hooks, beyond gunicorn's", "s", {OURS: hooks}),
        Metric("counting", "requests by CPU, of those without", "", {OURS: ratios}),
    ]


def _by_request(side: stage.Side, seconds: float) -> float:
    """Return the processor time that a server takes for a request."""
    before = processes.cpu_seconds(side.pid)
    load: Load = Child(lambda: Client(side.server.port).run(seconds)).result()
    return (processes.cpu_seconds(side.pid) - before) / max(1, len(load.latencies))


def _hooks_seconds() -> float:
    """Return the processor time of our hooks for a request, less that of gunicorn's."""
    memory = SharedMemory.create(KIB)
    writer = Writer(memory.config.descriptor)
    memory.workers.give_out("this")
    memory.workers.enter("this")
    row = memory.workers.own
    assert row is not None
    row.took(writer.publish(b"config"), time.time_ns())
    worker = SimpleNamespace(log=getLogger("benchmark"))
    counter = Counter(worker, memory, row, "")
    ours = _seconds(worker, counter.begin_alone, counter.end)
    return ours - _seconds(worker, _begin, lambda *_: None)


def _begin(worker: Any, req: Any) -> None:
    log: Logger = worker.log
    log.debug("%s %s", req.method, req.path)


def _seconds(
    worker: Any, begin: Callable[..., None], end: Callable[..., None]
) -> float:
    req, environ = SimpleNamespace(method="GET", path="/"), {"PATH_INFO": "/"}
    resp = SimpleNamespace(status_code=200, headers_sent=True)
    began = time.process_time()
    for _ in range(_CALLS):
        begin(worker, req)
        end(worker, req, environ, resp)
    return (time.process_time() - began) / _CALLS
