"""
The long run: `make fuzz`, `make fuzz SECONDS=3600`.

Owns: the time of each target, the numbers that decide the inputs, what is kept.
Must not know: what the targets read.
Runs in: a process of its own.

The first number is printed, and can be given as the second argument to have the same
inputs again. What fails is made short and kept in the corpus, from where the tests
replay it ever after.
"""

from __future__ import annotations

import hashlib
import secrets
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.campaign import CORPUS, Target, fuzz, shrunk
from tests.fuzz.targets import TARGETS

_SLICE_SECONDS = 5.0
_NUMBERS = 2**32


def main(arguments: Sequence[str]) -> int:
    """Try inputs for as many seconds as are asked for; return the exit status."""
    seconds = float(arguments[0]) if arguments else 300.0
    number = int(arguments[1]) if arguments[1:] else secrets.randbelow(_NUMBERS)
    targets = list(TARGETS.values())
    print(f"{seconds:.0f} seconds, {len(targets)} targets, first number {number}")
    return _run(targets, seconds, number)


def _run(targets: Sequence[Target], seconds: float, number: int) -> int:
    tried = Counter({target.name: 0 for target in targets})
    ended = time.monotonic() + seconds
    while (left := ended - time.monotonic()) > 0:
        share = min(_SLICE_SECONDS, left / len(targets))
        for target in targets:
            result = fuzz(target, number, share)
            tried[target.name] += result.tried
            if result.failure is not None:
                _tell(tried)
                _keep(target, result.failure, result.reason)
                return 1
        number = (number + 1) % _NUMBERS
    _tell(tried)
    return 0


def _tell(tried: Counter[str]) -> None:
    for name, count in tried.items():
        print(f"{name:10} {count:12,} inputs")
    print(f"{'all':10} {tried.total():12,} inputs", flush=True)


def _keep(target: Target, failure: bytes, reason: str) -> None:
    print(f"\n{reason}\n{target.name} failed, looking for a shorter input", flush=True)
    content = shrunk(target, failure)
    path = _path(CORPUS / target.folders[0], content)
    path.write_bytes(content)
    print(f"kept in {path}:\n{content!r}")


def _path(folder: Path, content: bytes) -> Path:
    return folder / f"found-{hashlib.sha256(content).hexdigest()[:12]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
