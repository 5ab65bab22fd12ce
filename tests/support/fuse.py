"""
A filesystem that makes no events: what another machine would serve, by way of FUSE.

Owns: mounting a directory a second time, and its end.
Must not know: who watches, what is in the files.
Runs in: the test process; `bindfs` serves the files.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.eventually import eventually


@contextlib.contextmanager
def served(directory: Path, place: Path) -> Iterator[None]:
    """Show `directory` at `place` as well; a change of the one is no event in both."""
    place.mkdir(exist_ok=True)
    command = ["bindfs", "-o", "nonempty", directory, place]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no FUSE to be had: {done.stderr}")
    try:
        yield
    finally:
        # Somebody may be reading in it right now.
        command = ["fusermount", "-u", "-z", place]
        eventually(lambda: subprocess.run(command, capture_output=True).returncode == 0)
