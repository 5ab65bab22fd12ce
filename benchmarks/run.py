"""
Measure liveconfig against what else there is: `python benchmarks/run.py [--quick]`.

Owns: the command line, the order of the rows, the files that are written.
Must not know: how a row is measured.
Runs in: a process of its own, started by hand or by `make bench`.

All peers of a row are measured in the same run, in turns, and compared as ratios: the
machine is whatever it is, and busy with whatever it is busy with. It is a report: the
exit status is 0 unless a row could not be measured.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

# Started as a script, from wherever: the project's root is what imports start from.
sys.path[0] = str(Path(__file__).resolve().parents[1])

import psutil  # noqa: E402

from benchmarks import peers, pictures, plan  # noqa: E402
from benchmarks.figures import Metric  # noqa: E402
from benchmarks.progress import Bar  # noqa: E402
from benchmarks.report import Results  # noqa: E402
from benchmarks.rows import (  # noqa: E402
    counting,
    good_changes,
    memory,
    propagation,
    read,
    recovery,
    rest,
    scale,
    start,
    throughput,
    trial,
    update_cost,
    withdrawal,
)
from benchmarks.targets import judge  # noqa: E402

_ROOT = Path(__file__).resolve().parents[1]
_RESULTS = _ROOT / "benchmarks" / "results"
# Where a run goes that is not the whole one: not over the figures of the README.
_TRIAL = _ROOT / "build" / "bench"
_VERSIONS_OF = (
    *("gunicorn", "falcon", "msgspec", "PyYAML", "sentry-options", "watchfiles"),
    "watchdog",
)

# Each row with its share of the time that a whole run takes.
_ROWS: dict[str, tuple[Callable[[plan.Plan, Bar], list[Metric]], float]] = {
    "read": (read.measure, 40),
    "propagation": (propagation.measure, 150),
    "throughput": (throughput.measure, 110),
    "counting": (counting.measure, 30),
    "update_cost": (update_cost.measure, 130),
    "memory": (memory.measure, 45),
    "rest": (rest.measure, 60),
    "scale": (scale.measure, 20),
    "start": (start.measure, 60),
    "recovery": (recovery.measure, 20),
    "withdrawal": (withdrawal.measure, 80),
    "trial": (trial.measure, 70),
    "good_changes": (good_changes.measure, 25),
}
_PLANS = {"full": plan.full, "quick": plan.quick, "tiny": plan.tiny}


def machine(mode: str) -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "run": mode,
        "on": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{platform.machine()} with {os.cpu_count()} CPUs and "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        **{name: _version(name) for name in _VERSIONS_OF},
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def measured(
    rows: list[str], chosen: plan.Plan, absent: Mapping[str, str], mode: str
) -> Results:
    """Measure some rows."""
    about = machine(mode)
    bar = Bar({row: _ROWS[row][1] for row in rows})
    metrics: list[Metric] = []
    failed: dict[str, str] = {}
    for row in rows:
        bar.begin(row)
        try:
            metrics += _ROWS[row][0](chosen, bar)
        except Exception as error:  # noqa: BLE001
            bar.end()
            traceback.print_exc()
            failed[row] = f"{type(error).__name__}: {error}"
    bar.end()
    done = [row for row in rows if row not in failed]
    return Results(about, done, metrics, judge(metrics, done), absent, failed)


def write(results: Results, folder: Path) -> str:
    """Write the page and the pictures; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = pictures.drawn(results.metrics)
    page = results.markdown(drawn)
    (folder / "README.md").write_text(page)
    for name, picture in drawn.items():
        (folder / name).write_text(picture)
    return page


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure liveconfig and its rivals.")
    parser.add_argument("rows", metavar="ROW", nargs="*", help=", ".join(_ROWS))
    parser.add_argument(
        "--quick",
        action="store_true",
        help="about three minutes, with one peer of each kind",
    )
    parser.add_argument("--tiny", action="store_true", help="only to try every row")
    parser.add_argument("--peers", metavar="NAME,...", help=", ".join(peers.NAMES))
    parser.add_argument(
        "--changes", metavar="N", type=int, help="so many in good_changes"
    )
    parser.add_argument("--out", type=Path, help="where the results are written")
    options = parser.parse_args()
    for what, asked, known in (
        ("row", options.rows, _ROWS),
        ("peer", options.peers.split(",") if options.peers else [], peers.NAMES),
    ):
        unknown = [name for name in asked if name not in known]
        if unknown:
            parser.error(
                f"no such {what}: {', '.join(unknown)}; there are {', '.join(known)}"
            )
    return options


def _why_not(name: str, names: Sequence[str]) -> str:
    return peers.why_not(name) if name in names else "left out of this run"


def main() -> int:
    """Measure what was asked for, write and print it, return the status."""
    options = _options()
    mode = "quick" if options.quick else "tiny" if options.tiny else "full"
    few = peers.FEW if mode == "quick" else peers.NAMES
    names = options.peers.split(",") if options.peers else few
    reasons = {name: _why_not(name, names) for name in peers.NAMES}
    absent = {name: why for name, why in reasons.items() if why}
    chosen = _PLANS[mode](tuple(name for name in names if name not in absent))
    if options.changes:
        chosen = replace(chosen, good_changes=options.changes)
    results = measured(options.rows or list(_ROWS), chosen, absent, mode)
    is_whole = mode == "full" and not options.rows and not options.peers
    folder = options.out or (_RESULTS if is_whole else _TRIAL)
    print(write(results, folder))
    print(f"written to {folder}", file=sys.stderr)
    return int(bool(results.failed))


if __name__ == "__main__":
    sys.exit(main())
