"""
Processes that outlive their parent, caught.

Owns: becoming their new parent; finding and burying them.
Must not know: who they are.
Runs in: the test process.

Whatever loses its parent goes to this process instead of to init, so nothing that a
server started can get lost, whatever it calls itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator

import psutil

from tests.support.eventually import eventually

_PR_SET_CHILD_SUBREAPER = 36


@contextlib.contextmanager
def adopted() -> Iterator[None]:
    """Be the parent of all that is orphaned below this process; at the end, kill it."""
    libc = ctypes.CDLL(None)
    before = set(psutil.Process().children(recursive=True))
    assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        for process in left_over(before):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        eventually(lambda: not left_over(before))
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def left_over(before: set[psutil.Process]) -> list[psutil.Process]:
    """Return what lives below this process and is not of `before`; bury the dead."""
    for child in set(psutil.Process().children()) - before:
        # Only a zombie is reaped by this; it was somebody else's to wait for.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child.pid, os.WNOHANG)
    return list(set(psutil.Process().children(recursive=True)) - before)
