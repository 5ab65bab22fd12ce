"""
The record's readers before memory that anything may have written to.

Owns: overwriting a record's memory, and what its layout says that it holds then.
Must not know: how inputs are made.
Runs in: the child that tries inputs, and the test process.

The layout is written down here once more, from its description: a reader that takes
what the description does not allow is wrong, whatever its own code says.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from liveconfig.errors import CorruptRecordError, StartupError
from liveconfig.memory.record import Publication, Record, Writer
from liveconfig.memory.shared import SharedMemory, bind
from liveconfig.memory.status import PublisherStatus
from liveconfig.schema.schema import Schema
from liveconfig.worker.manager import ConfigManager

PAYLOAD_BYTES_MAX = 1000
HEAD = 64
SLOTS = (4096, 8192)
_SIZE_BYTES = 12_288


class Greeting(msgspec.Struct, frozen=True):
    """A config for what is written into the memory."""

    message: str


GREETINGS = Schema(Greeting)


def writes(program: bytes) -> Iterator[tuple[int, bytes]]:
    """
    Take any bytes as places and what to write there.

    Each write is a place of 2 bytes, a length of 1 byte and that many bytes.
    """
    while len(program) >= 3:
        place, length = struct.unpack_from("<HB", program)
        yield place % _SIZE_BYTES, program[3 : 3 + length]
        program = program[3 + length :]


def slot(version: int, payload: bytes, published_at_ns: int = 0) -> bytes:
    """Return a whole slot as the layout says."""
    words = struct.pack("=QQQ", version, len(payload), published_at_ns)
    checksum = zlib.crc32(payload, zlib.crc32(words))
    return words + struct.pack("=Q", checksum) + bytes(32) + payload


def overwrite(record: Record, program: bytes) -> None:
    """Write behind the record's back, without growing it."""
    writable = os.open(f"/proc/self/fd/{record.descriptor}", os.O_RDWR)
    for place, content in writes(program):
        os.pwrite(writable, content[: _SIZE_BYTES - place], place)
    os.close(writable)


def expected(memory: bytes, held: int) -> Publication | None:
    """
    Return what a reader that holds version `held` finds in memory that stands still.

    Raises:
        CorruptRecordError: nothing that it may take.
    """
    (head,) = struct.unpack_from("=Q", memory, HEAD)
    if head == held:
        return None
    start = SLOTS[head % 2]
    version, length, at_ns, checksum = struct.unpack_from("=QQQQ", memory, start)
    payload = memory[start + 64 :][: min(length, PAYLOAD_BYTES_MAX)]
    whole = slot(version, payload, at_ns)[:32]
    is_whole = memory[start : start + 32] == whole and version == head > held
    if not is_whole or length > PAYLOAD_BYTES_MAX:
        raise CorruptRecordError(f"checksum {checksum}")
    return Publication(version, payload, at_ns)


def _contents(record: Record) -> bytes:
    return os.pread(record.descriptor, _SIZE_BYTES, 0)


@contextmanager
def record_with(*payloads: bytes) -> Iterator[Record]:
    """A record with these publications, and no writer."""
    record = Record.create("fuzz", PAYLOAD_BYTES_MAX)
    writer = Writer(record.descriptor)
    for payload in payloads:
        writer.publish(payload)
    writer.close()
    try:
        yield record
    finally:
        record.close()


def check_record(program: bytes, place: Path) -> str:
    """A read is what the layout says, or damage, and a record is known as one."""
    outcome = ""
    with record_with(b"first", b"second") as record:
        overwrite(record, program)
        for held in (0, 1, 2, 3, 2**64 - 1):
            outcome += _check_read(record, held)
        outcome += _check_attach(record)
        assert record.is_claimed() is False
    return outcome


def _check_read(record: Record, held: int) -> str:
    try:
        should_be = expected(_contents(record), held)
    except CorruptRecordError:
        try:
            found = record.read(held)
        except CorruptRecordError:
            return "corrupt "
        raise AssertionError(f"damaged, but read as {found}") from None
    found = record.read(held)
    assert found == should_be, (found, should_be)
    return f"{found and len(found.payload)} "


def _check_attach(record: Record) -> str:
    header = _contents(record)[:16]
    is_record = header == b"livecfg2" + struct.pack("=Q", PAYLOAD_BYTES_MAX)
    copy = os.dup(record.descriptor)
    try:
        Record(copy).close()
    except StartupError:
        os.close(copy)
        # Other limits may have the same size.
        assert not is_record
        return "refused"
    return "attached"


def check_manager(program: bytes, place: Path) -> str:
    """A worker with a snapshot serves it, or a newer whole one, whatever happens."""
    first, second = (GREETINGS.pack(Greeting(text)) for text in ("one", "two"))
    status = PublisherStatus(1, 1.0, "conf", GREETINGS.name)
    with (
        record_with(first.payload, second.payload) as config,
        record_with(status.to_bytes()) as said,
    ):
        bind(replace(SharedMemory.create(4096), config=config, status=said))
        try:
            manager = ConfigManager(Greeting)
            assert manager.get() == Greeting("two")
            overwrite(config, program)
            overwrite(said, program)
            return _check_get(manager, config)
        finally:
            bind(None)


def _check_get(manager: ConfigManager[Greeting], config: Record) -> str:
    try:
        newest = expected(_contents(config), held=2)
        should_be = GREETINGS.unpack(newest.payload)[1] if newest else Greeting("two")
    except CorruptRecordError:
        assert manager.get() == Greeting("two")
        assert manager.stale_since is not None
        assert manager.snapshot().version == 2
        return "stale"
    assert manager.get() == should_be
    assert manager.snapshot().config == should_be
    assert manager.stale_since is None
    return f"fresh {len(should_be.message)}"
