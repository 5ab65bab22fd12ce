"""
Take away each safeguard in turn and see that a test fails: `make mutants`.

Owns: making the changed package, running the tests on it, the table of what failed.
Must not know: which safeguards there are.
Runs in: a process of its own.

The changed package lies in a temporary directory that comes first on PYTHONPATH, also
for the servers that the tests start; the code in the tree is not touched.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.mutation.mutant import Mutant
from tests.mutation.mutants import MUTANTS
from tests.mutation.operations import changed
from tests.support.source_code import PACKAGE, ROOT

_FAILED = re.compile(r"^(?:FAILED|ERROR) \S*::(\S+)", re.MULTILINE)
# A test that waits for ever is one that fails, too.
_SECONDS_MAX = 120
# The tests wait for processes more than they compute.
_JOBS = 5
# What does not happen without a safeguard need not be waited for as long as a machine
# under load may take with it.
_PATIENCE_SECONDS = 10
# They failed, or could not even be collected: what they call while they are is ours.
_NOTICED = (1, 2)


@contextmanager
def package_with(mutant: Mutant | None) -> Iterator[Path]:
    """Give a directory with the package, changed; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="liveconfig-mutant-") as name:
        directory = Path(name)
        shutil.copytree(ROOT / "src" / PACKAGE, directory / PACKAGE)
        if mutant is not None:
            path, text = changed(directory / PACKAGE, mutant.place, mutant.change)
            path.write_text(text)
        yield directory


def failing_test(directory: Path, tests: tuple[str, ...]) -> str:
    """Run tests on the package in `directory`; return the first that fails, or ""."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    process = subprocess.Popen(
        [*command, *tests],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(directory),
            "TEST_PATIENCE_SECONDS": str(_PATIENCE_SECONDS),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"(no end within {_SECONDS_MAX} s)"
    finally:
        _kill_all_that_run(directory)
    if process.returncode == 0:
        return ""
    if process.returncode not in _NOTICED:
        raise RuntimeError(f"the tests could not be run:\n{output}")
    found = _FAILED.search(output)
    return found[1] if found else "(a test failed)"


def _kill_all_that_run(directory: Path) -> None:
    """End what a test left, as one may that a mutant makes fail."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("PYTHONPATH") == str(directory):
                process.kill()


def _try(mutant: Mutant) -> tuple[str, float]:
    """Return the test that a mutant fails, "" if none, and the seconds that it took."""
    began = time.monotonic()
    with package_with(mutant) as directory:
        failed = failing_test(directory, mutant.tests)
    return failed, time.monotonic() - began


def _chosen() -> list[Mutant]:
    parser = argparse.ArgumentParser(description="Take away each safeguard in turn.")
    parser.add_argument("words", metavar="WORD", nargs="*", help="only some of them")
    parser.add_argument(
        "--quick", action="store_true", help="only those that unit tests notice"
    )
    options = parser.parse_args()
    return [
        mutant
        for mutant in MUTANTS
        if (mutant.is_quick or not options.quick)
        and (not options.words or any(word in str(mutant) for word in options.words))
    ]


def main() -> int:
    """Run all mutants, or those that were chosen; print what failed."""
    chosen = _chosen()
    survived = 0
    with ThreadPoolExecutor(_JOBS) as pool:
        tried = zip(chosen, pool.map(_try, chosen), strict=True)
        for number, (mutant, (failed, seconds)) in enumerate(tried, 1):
            survived += not failed
            print(
                f"{number}/{len(chosen)} {mutant}: {failed or 'NOTHING FAILED'} "
                f"({seconds:.0f} s)",
                flush=True,
            )
    print(f"{len(chosen) - survived} of {len(chosen)} mutants were noticed")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main())
