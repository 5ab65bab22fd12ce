"""
How soon a config on which the code fails is taken back, and how many requests it takes.

Owns: the row `withdrawal`.
Must not know: how failing requests are counted, who judges.
Runs in: the measuring process.

From the failing answer at which the judge has enough to the last worker that has the
proven config again: the moment is the one that the worker notes itself, and no request
that is sent afterwards fails, or the row is not measured. That answer is the 17th, so
where the promise speaks of the 20th, this takes longer than what is promised.

A config that aborts the workers is met by requests as well: how many have no answer
until it is taken back, and after all processes were killed and started again on the
same cache directory, with that config still in the source.
"""

from __future__ import annotations

from datetime import datetime
from http.client import HTTPException
from typing import Any

from benchmarks import doors, stage
from benchmarks.documents import KIB
from benchmarks.figures import Metric
from benchmarks.pace import Pace
from benchmarks.peers import OURS, failing
from benchmarks.plan import Plan
from benchmarks.progress import Bar
from benchmarks.targets import LOST_MAX
from tests.support.eventually import eventually

WORKERS = (4, 16)
ABORTED_WORKERS = 4
_RATE = 200
# At more requests a second it matters more how often the publisher looks.
_HIGH_RATE = 1000
_ENOUGH = 17
# So long none may fail until the service counts as well again.
_CALM_SECONDS = 0.3
_RESTART_REQUESTS = 100
_ENVIRON = {
    "BENCHMARK_APPLICATION": failing.APPLICATION,
    # Only the first config passes its trial.
    "LIVECONFIG_TRIAL_SECONDS": "5",
}


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    metrics = []
    for number, workers in enumerate(WORKERS):
        bar.at(number, 4, f"{workers} workers")
        metrics += _withdrawals(plan.withdrawal_rounds, workers, _RATE)
    bar.at(2, 4, f"{_HIGH_RATE} requests a second")
    metrics += _withdrawals(plan.withdrawal_rounds, WORKERS[0], _HIGH_RATE)[1:]
    for mode in LOST_MAX:
        bar.at(3, 4, f"workers that abort, {mode}")
        metrics += _losses(plan.withdrawal_rounds, mode)
    return metrics


def _withdrawals(rounds: int, workers: int, rate: int) -> list[Metric]:
    seconds, failed = [], []
    with stage.side(OURS, workers=workers, size=KIB, environ=_ENVIRON) as side:
        eventually(lambda: _is_proven(side))
        with Pace(side.server.port, rate) as pace:
            for _ in range(rounds):
                until, requests = _withdrawal(side, pace)
                seconds.append(until)
                failed.append(float(requests))
        asked = len(pace.ended) / (pace.ended[-1].ended_at - pace.ended[0].sent_at)
    place = f"{workers} workers, {rate} requests/s"
    return [
        Metric("withdrawal", f"until all are back, {place}", "s", {OURS: seconds}),
        Metric("withdrawal", f"requests that fail, {place}", "", {OURS: failed}),
        # A busy machine does not come to as many.
        Metric("withdrawal", f"requests there were, {place}", "/s", {OURS: [asked]}),
    ]


def _withdrawal(side: stage.Side, pace: Pace) -> tuple[float, int]:
    """Return the seconds from enough evidence to the last worker, and who failed."""
    before = len(pace.failed())
    eventually(lambda: _is_calm(pace))
    side.change(failing.RAISE)
    eventually(lambda: len(pace.failed()) >= before + _ENOUGH)
    eventually(lambda: _is_calm(pace))
    status = eventually(lambda: _when_back(side))
    back_at = max(_moment(each["taken_at"]) for each in status["workers"])
    failed = pace.failed()[before:]
    late = [each for each in failed if each.sent_at > back_at]
    if late or status["withdrawn"]["failures"] < _ENOUGH:
        raise RuntimeError(f"{len(late)} failed after the end of {status}")
    return back_at - failed[_ENOUGH - 1].ended_at, len(failed)


def _losses(rounds: int, mode: str) -> list[Metric]:
    lost = []
    with stage.directory() as cache:
        environ = {
            **_ENVIRON,
            "LIVECONFIG_TRIAL": mode,
            "LIVECONFIG_CACHE_DIR": str(cache),
        }
        with stage.side(
            OURS, workers=ABORTED_WORKERS, size=KIB, environ=environ
        ) as side:
            eventually(lambda: _is_proven(side))
            for _ in range(rounds):
                lost.append(float(_lost(side)))
            side.kill()
            side.start((), environ)
            side.wait()
            again = [float(sum(_is_lost(side) for _ in range(_RESTART_REQUESTS)))]
    case = f"with a config that aborts, {mode}"
    return [
        Metric("withdrawal", f"requests lost {case}", "", {OURS: lost}),
        Metric("withdrawal", f"lost after a restart {case}", "", {OURS: again}),
    ]


def _lost(side: stage.Side) -> int:
    """Return how many requests have no answer until the config is taken back."""
    version = side.server.status()["version"]
    with Pace(side.server.port, _RATE) as pace:
        eventually(lambda: _is_calm(pace))
        side.change(failing.ABORT)
        eventually(lambda: pace.lost() > 0)
        eventually(lambda: _when_back(side, version))
        eventually(lambda: _is_calm(pace))
    return pace.lost()


def _is_lost(side: stage.Side) -> bool:
    try:
        return doors.ask(side.server.port) != stage.START.encode()
    except ConnectionError:
        return True


def _is_calm(pace: Pace) -> bool:
    """Return whether requests are answered, and none has failed of late."""
    ended = pace.ended[-1:]
    if not ended or ended[0].ended_at - pace.ended[0].sent_at < _CALM_SECONDS:
        return False
    return not pace.failed(ended[0].ended_at - _CALM_SECONDS)


def _is_proven(side: stage.Side) -> bool:
    status = side.server.status()
    return status["proven"] is not None and status["trial"] is None


def _when_back(side: stage.Side, after: int = 0) -> Any:
    """Return the status, once the config is taken back and all workers have another."""
    try:
        status = side.server.status()
    except (OSError, HTTPException):
        # The worker that was asked has ended.
        return {}
    versions = [each["version"] for each in status["workers"]]
    is_back = status["withdrawn"] is not None and status["version"] > after
    is_back = is_back and status["trial"] is None
    return status if is_back and versions == [status["version"]] * side.workers else {}


def _moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
