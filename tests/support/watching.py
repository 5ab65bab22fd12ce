"""
A `FileWatcher` under test: what its action found, and what it has taken in.

Owns: the action that remembers; looking at the process's one inotify descriptor.
Must not know: what is changed on the disk.
Runs in: the test process.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import os
import subprocess
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from liveconfig.watch.watcher import FileWatcher
from tests.support.children import Child
from tests.support.eventually import eventually

T = TypeVar("T")

# Longer than any test: what is seen with it was taken at once.
NEVER_MS = 600_000

_CLONE_NEWNS = 0x00020000


class Reader:
    """An action that remembers what it found under the path, None for nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seen: list[str | None] = []

    def __call__(self) -> None:
        try:
            self.seen.append(self._path.read_text())
        except OSError:
            self.seen.append(None)

    def wait_for(self, content: str | None) -> None:
        """Wait until the newest that was seen is `content`."""
        eventually(lambda: self.seen and self.seen[-1] == content)


@contextlib.contextmanager
def watched(
    path: Path, *, settle_ms: float = 5, poll_seconds: float = 600
) -> Iterator[Reader]:
    """Watch `path`, by inotify from start to end."""
    reader = Reader(path)
    options = {"settle_ms": settle_ms, "poll_seconds": poll_seconds}
    with FileWatcher(path, reader, **options) as watcher:
        yield reader
        assert watcher.mode == "inotify"


def inotify_descriptors() -> list[int]:
    """Return the inotify instances of this process."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            if "inotify" in os.readlink(f"/proc/self/fd/{name}"):
                found.append(int(name))
    return found


def wait_until_taken() -> None:
    """Wait until the watcher has read all events that there are."""
    (descriptor,) = inotify_descriptors()
    pending = array.array("i", [0])

    def is_empty() -> bool:
        fcntl.ioctl(descriptor, termios.FIONREAD, pending, True)
        return pending[0] == 0

    eventually(is_empty)


def replace(path: Path, content: str) -> None:
    """Write another file and rename it into place."""
    unfinished = path.with_name("unfinished")
    unfinished.write_text(content)
    unfinished.replace(path)


def with_own_mounts(steps: Callable[[], T]) -> T:
    """Take the steps in a child with its own mounts, or skip where it gets none."""

    def isolated() -> tuple[bool, T | None]:
        if ctypes.CDLL(None).unshare(_CLONE_NEWNS):
            return False, None
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        return True, steps()

    is_isolated, result = Child(isolated).result()
    if not is_isolated:
        pytest.skip("no mount namespace to be had")
    return result
