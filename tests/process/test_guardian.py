"""The process that ends workers after their master, where resources are short."""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace

import psutil
import pytest

from liveconfig.master import arbiter
from liveconfig.master.guardian import Guardian
from liveconfig.memory import kernel
from tests.support.eventually import eventually


def test_guardian_that_cannot_be_known_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often it is tried without a descriptor, no process is left."""
    before = set(psutil.Process().children())
    guardian, pidfd_open, master = Guardian(), kernel.pidfd_open, os.getpid()

    def too_many(pid: int) -> int:
        if os.getpid() == master:
            raise OSError(errno.EMFILE, "Too many open files")
        return pidfd_open(pid)

    monkeypatch.setattr(kernel, "pidfd_open", too_many)
    for _ in range(3):
        with pytest.raises(OSError, match="Too many"):
            guardian.start()
    assert guardian.reap()

    def living() -> list[psutil.Process]:
        now = set(psutil.Process().children()) - before
        return [each for each in now if each.status() != psutil.STATUS_ZOMBIE]

    eventually(lambda: not living())
    for child in set(psutil.Process().children()) - before:
        child.wait()
    guardian.stop()


def test_worker_that_cannot_be_handed_over_keeps_no_other_from_it() -> None:
    """A new guardian gets all workers that there are."""

    class Few(Guardian):
        def __init__(self) -> None:
            super().__init__()
            self.handed_over: list[int] = []

        def reap(self) -> bool:
            return True

        def start(self) -> None:
            pass

        def take_charge(self, pid: int, seconds: float) -> None:
            if pid == 2:
                raise ProcessLookupError(pid)
            self.handed_over.append(pid)

    guardian = Few()
    cfg = SimpleNamespace(graceful_timeout=30)
    server = SimpleNamespace(WORKERS={1: None, 2: None, 3: None}, cfg=cfg)
    arbiter._start_again_if_ended(server, guardian)
    assert guardian.handed_over == [1, 3]
    guardian.close()
