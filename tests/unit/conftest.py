"""No processes here, and a desk for a publisher."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from liveconfig.worker import manager
from tests.support.desk import Desk

# An example takes as long as a busy machine lets it.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")


def _refuse(*_: object, **__: object) -> None:
    pytest.fail("a test that starts a process is no unit test: it is for tests/process")


@pytest.fixture(autouse=True, scope="module")
def _no_process() -> Iterator[None]:
    """Whatever would start a process fails the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", _refuse)
        for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system"):
            patch.setattr(os, name, _refuse)
        yield


@pytest.fixture(autouse=True)
def _no_managers_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """No manager of another test, which a row of this one would speak for as well."""
    monkeypatch.setattr(manager, "_references", [])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk without a source yet."""
    desk = Desk(tmp_path)
    yield desk
    desk.close()
