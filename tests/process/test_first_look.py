"""No two threads look into a class for the first time: msgspec would crash."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import msgspec
import pytest

from liveconfig.schema import codec
from liveconfig.schema.schema import Schema
from tests.support.eventually import eventually

_READ = """
import sys
from liveconfig.memory.history import Entry, History
from liveconfig.memory.record import Record, Writer
from liveconfig.memory.status import PublisherStatus

record = Record.create("test", 4096)
entry = Entry("published", 1.0, 1, "")
Writer(record.descriptor).publish(History((entry,)).to_bytes())
status = PublisherStatus(1, 1.0, "", "").to_bytes()
called = set()
sys.setprofile(lambda frame, event, _: called.add(frame.f_code.co_name))
PublisherStatus.from_bytes(status)
assert History.read(record).entries
sys.setprofile(None)
print(*sorted(called))
"""


class Greeting(msgspec.Struct, frozen=True):
    """A config for tests."""

    message: str


def test_what_the_publisher_tells_is_looked_into_by_the_import() -> None:
    """In a fresh process the first read of status and history builds nothing."""
    command = [sys.executable, "-c", _READ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "from_bytes" in done.stdout
    assert "get_class_annotations" not in done.stdout


def _all_but_one_wait(threads: list[threading.Thread]) -> bool:
    """Tell whether all are on their way, and all that are left but one at the lock."""
    frames = sys._current_frames()
    left = [thread for thread in threads if thread.is_alive()]
    waiting = [
        thread
        for thread in left
        if thread.ident in frames
        and frames[thread.ident].f_code.co_filename == codec.__file__
    ]
    return all(thread.ident for thread in threads) and len(waiting) == len(left) - 1


def test_schemas_are_made_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that make schemas at the same time wait for each other."""
    inside: list[int] = []
    most: list[int] = []

    def decoder(*_: Any, **__: Any) -> None:
        inside.append(1)
        eventually(lambda: len(inside) > 1 or _all_but_one_wait(threads))
        most.append(len(inside))
        inside.pop()

    monkeypatch.setattr(msgspec.msgpack, "Decoder", decoder)
    threads = [threading.Thread(target=Schema, args=(Greeting,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 4
