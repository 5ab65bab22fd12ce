"""The record between real processes: many readers, killed writers."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from liveconfig.errors import RecordClaimedError
from liveconfig.memory.record import Record, Writer
from tests.support.children import Child
from tests.support.eventually import eventually
from tests.support.records import content
from tests.support.storm import FullReads, Storm

_LIMIT = 64 * 1024
_READERS = 16
_SECONDS = 3.0


def test_readers_never_see_a_torn_publication() -> None:
    """16 processes read while one publishes at full speed: all they get is whole."""
    kind = FullReads(seed=1, bytes_max=_LIMIT)
    with Storm(kind, processes=_READERS, threads=1) as storm:
        storm.start_writer().ends_within(_SECONDS)
        eventually(lambda: storm.counts().publications > 100)
        eventually(lambda: storm.counts().checked > 100)
        storm.finish()


def _publish_until_line(
    record: Record, payload: bytes, line: int
) -> Callable[[], object]:
    """Return a function that is killed when `Writer.publish` comes to its n-th line."""

    def run() -> object:
        writer = Writer(record.descriptor)
        seen = 0

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal seen
            if frame.f_code is not Writer.publish.__code__:
                return None
            if event == "line":
                seen += 1
                if seen == line:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        writer.publish(payload)
        return seen

    return run


def _lines_of_publish() -> int:
    record = Record.create("test", _LIMIT)
    lines = Child(_publish_until_line(record, b"x", sys.maxsize)).result()
    record.close()
    assert isinstance(lines, int)
    return lines


_LINES = _lines_of_publish()


@pytest.mark.parametrize("line", range(1, _LINES + 1))
def test_writer_killed_at_any_store_loses_nothing(line: int) -> None:
    """Readers keep the last publication, and the successor goes on from it."""
    record = Record.create("test", _LIMIT)
    first = Writer(record.descriptor)
    first.publish(b"one")
    first.publish(b"two")
    first.close()
    killed = Child(_publish_until_line(record, b"never finished", line))
    assert os.WTERMSIG(killed.wait()) == signal.SIGKILL
    is_published = record.version == 3
    expected = (3, b"never finished") if is_published else (2, b"two")
    assert content(record) == expected
    assert not record.is_claimed()
    successor = Writer(record.descriptor)
    assert successor.publish(b"successor") == expected[0] + 1
    assert content(record) == (expected[0] + 1, b"successor")
    successor.close()
    record.close()


def test_only_the_last_store_publishes() -> None:
    """Killed at any line before the last store, a publication has not happened."""
    for line in range(1, _LINES):
        record = Record.create("test", _LIMIT)
        Child(_publish_until_line(record, b"unfinished", line)).wait()
        assert record.read() is None, f"visible at line {line} of {_LINES}"
        record.close()


def test_writer_in_another_process_is_refused() -> None:
    """While a writer lives anywhere, nobody else becomes one."""
    record = Record.create("test", _LIMIT)
    ready, done = os.pipe(), os.pipe()

    def hold() -> None:
        Writer(record.descriptor)
        os.write(ready[1], b"x")
        os.read(done[0], 1)

    holder = Child(hold)
    os.read(ready[0], 1)
    assert record.is_claimed()
    with pytest.raises(RecordClaimedError):
        Writer(record.descriptor)
    os.write(done[1], b"x")
    holder.result()
    assert not record.is_claimed()
    for descriptor in (*ready, *done):
        os.close(descriptor)
    record.close()


def test_claim_of_a_killed_writer_ends_at_once() -> None:
    """Kill -9 frees the claim, although others inherited the record's descriptor."""
    record = Record.create("test", _LIMIT)

    def hold() -> None:
        Writer(record.descriptor)
        signal.pause()

    holder = Child(hold)
    eventually(record.is_claimed)
    heir = Child(signal.pause)
    holder.kill()
    assert not record.is_claimed()
    Writer(record.descriptor).close()
    heir.kill()
    record.close()
