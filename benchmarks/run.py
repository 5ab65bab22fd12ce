"""
Measure what the README promises: `python benchmarks/run.py [--quick] [ROW...]`.

Owns: the command line, the order of the rows.
Must not know: how a row is measured.
Runs in: a process of its own, started by hand or by `make bench`.

Both sides of a row are measured in the same run, in turns, and compared as a ratio of
medians: the machine is whatever it is, and busy with whatever it is busy with. It is a
report: the exit status is 0 unless something could not be measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

# Started as a script, from wherever: the project's root is what imports start from.
sys.path[0] = str(Path(__file__).resolve().parents[1])

import falcon  # noqa: E402
import gunicorn  # noqa: E402
import msgspec  # noqa: E402
import psutil  # noqa: E402
import yaml  # noqa: E402

from benchmarks import (  # noqa: E402
    get_cost,
    idle,
    memory,
    one_mib,
    propagation,
    throughput,
)
from benchmarks.report import Line, progress, table  # noqa: E402

_ROWS: dict[str, Callable[[bool], list[Line]]] = {
    "propagation": propagation.measure,
    "get": get_cost.measure,
    "throughput": throughput.measure,
    "one-mib": one_mib.measure,
    "idle": idle.measure,
    "memory": memory.measure,
}


def machine() -> str:
    """Return what the figures depend on."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    memory_gib = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.machine()}, {os.cpu_count()} CPUs, {memory_gib:.0f} GiB, "
        f"{platform.system()} {platform.release()}, load before {load}\n"
        f"Python {platform.python_version()}, gunicorn {gunicorn.__version__}, "
        f"falcon {falcon.__version__}, msgspec {msgspec.__version__}, "
        f"PyYAML {yaml.__version__}\n"
    )


def main() -> int:
    """Measure the rows that were asked for, print the table, return the status."""
    parser = argparse.ArgumentParser(description="Measure what the README promises.")
    parser.add_argument("rows", metavar="ROW", nargs="*", help=", ".join(_ROWS))
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in _ROWS]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(_ROWS)}")
    print(machine(), flush=True)
    lines: list[Line] = []
    failed = False
    for name in options.rows or _ROWS:
        try:
            lines += _ROWS[name](options.quick)
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            progress(f"{name} could not be measured")
            failed = True
    print(table(lines))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
