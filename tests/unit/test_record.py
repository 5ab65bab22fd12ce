"""The record inside one process: layout, limits, damage, the claim."""

from __future__ import annotations

import contextlib
import os
import struct
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from liveconfig.errors import (
    CorruptRecordError,
    PayloadTooLargeError,
    RecordClaimedError,
    StartupError,
)
from liveconfig.memory import record as record_module
from liveconfig.memory.record import Record, Writer
from tests.support.damage import overwrite
from tests.support.records import content

_LIMIT = 10_000
_HEAD_BYTE = 64
_FIRST_SLOT_BYTE = 4096
_SECOND_SLOT_BYTE = 4096 + 12_288


@pytest.fixture
def record() -> Iterator[Record]:
    """An empty record."""
    record = Record.create("test", _LIMIT)
    yield record
    record.close()


@pytest.fixture
def writer(record: Record) -> Iterator[Writer]:
    """The writer of `record`."""
    writer = Writer(record.descriptor)
    yield writer
    writer.close()


def _overwrite(record: Record, byte: int, *words: int) -> None:
    overwrite(record.descriptor, byte, struct.pack(f"{len(words)}Q", *words))


def _words_of(version: int) -> slice:
    first = (_SECOND_SLOT_BYTE if version % 2 else _FIRST_SLOT_BYTE) // 8
    return slice(first, first + (_SECOND_SLOT_BYTE - _FIRST_SLOT_BYTE) // 8)


def test_empty_record_has_no_publication(record: Record) -> None:
    """Before the first publication a reader gets nothing, and version 0."""
    assert record.read() is None
    assert record.version == 0


def test_version_above_another_leaves_the_newest_whole(
    record: Record, writer: Writer
) -> None:
    """Where the slot of that version is the newest's, the next version is taken."""
    assert writer.publish(b"one", above=6) == 7
    for above, version in ((0, 8), (8, 9), (10, 12), (11, 13), (3, 14)):
        before = record.version
        newest = bytes(record._words[_words_of(before)])
        assert writer.publish(str(version).encode(), above=above) == version
        assert bytes(record._words[_words_of(before)]) == newest
        assert content(record) == (version, str(version).encode())


def test_publish_is_read_back(record: Record, writer: Writer) -> None:
    """A publication is read back with its version."""
    assert writer.publish(b"one") == 1
    assert content(record) == (1, b"one")


def test_read_of_the_held_version_returns_nothing(
    record: Record, writer: Writer
) -> None:
    """A reader that holds the newest version gets nothing new."""
    writer.publish(b"one")
    assert record.read(held_version=1) is None


def test_versions_grow_by_one(record: Record, writer: Writer) -> None:
    """Every publication has the version after the one before, and is the newest."""
    for version in range(1, 20):
        payload = str(version).encode()
        assert writer.publish(payload) == version
        assert content(record, version - 1) == (version, payload)


def test_publication_tells_when_it_was(record: Record, writer: Writer) -> None:
    """A reader learns when the publication that it got was made."""
    before_ns = time.time_ns()
    writer.publish(b"one")
    publication = record.read()
    assert publication is not None
    assert before_ns <= publication.published_at_ns <= time.time_ns()


@pytest.mark.parametrize("byte", range(3 * 8))
def test_every_byte_of_a_slots_head_is_proven(
    record: Record, writer: Writer, byte: int
) -> None:
    """Version, length and time are under the checksum, as the payload is."""
    writer.publish(b"one")
    place = _SECOND_SLOT_BYTE + byte
    before = os.pread(record.descriptor, 1, place)[0]
    overwrite(record.descriptor, place, bytes([before ^ 1]))
    with pytest.raises(CorruptRecordError):
        record.read()


@pytest.mark.parametrize("length", [0, 1, 7, 8, 4095, 4096, _LIMIT])
def test_payload_of_any_length_is_kept_whole(
    record: Record, writer: Writer, length: int
) -> None:
    """Payloads from empty to the limit come back byte for byte."""
    payload = os.urandom(length)
    writer.publish(b"before")
    writer.publish(payload)
    publication = record.read()
    assert publication is not None
    assert publication.payload == payload


def test_payload_over_the_limit_is_refused_whole(
    record: Record, writer: Writer
) -> None:
    """A payload over the limit changes nothing and says by how much it is over."""
    writer.publish(b"good")
    with pytest.raises(PayloadTooLargeError, match=r"takes 10001 bytes.* is 10000"):
        writer.publish(bytes(_LIMIT + 1))
    assert content(record) == (1, b"good")
    assert writer.publish(b"next") == 2


def test_second_writer_is_refused(record: Record, writer: Writer) -> None:
    """A record has one writer at a time, also within one process."""
    with pytest.raises(RecordClaimedError, match="only one publisher"):
        Writer(record.descriptor)
    writer.publish(b"still the writer")
    assert content(record) == (1, b"still the writer")


def test_claim_ends_with_its_writer(record: Record) -> None:
    """A closed writer leaves the record to the next, which goes on counting."""
    first = Writer(record.descriptor)
    first.publish(b"one")
    assert record.is_claimed()
    first.close()
    assert not record.is_claimed()
    second = Writer(record.descriptor)
    assert second.publish(b"two") == 2
    second.close()


def test_refused_writer_leaks_no_descriptor(record: Record, writer: Writer) -> None:
    """Being refused costs no descriptor."""
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(RecordClaimedError):
            Writer(record.descriptor)
    assert len(os.listdir("/proc/self/fd")) == before


def test_reader_cannot_write(record: Record) -> None:
    """A reader's view is read-only, so no bug in a worker can damage the record."""
    with pytest.raises(TypeError):
        record.head[0] = 7


def test_memory_cannot_be_shrunk(record: Record) -> None:
    """Nobody can truncate the memory under a reader, which would be SIGBUS."""
    writable = os.open(f"/proc/self/fd/{record.descriptor}", os.O_RDWR)
    with pytest.raises(PermissionError):
        os.ftruncate(writable, 0)
    os.close(writable)


def test_descriptor_of_a_record_cannot_write(record: Record) -> None:
    """A write to a number that is the record's now, by mistake, changes nothing."""
    before = os.pread(record.descriptor, 8192, 0)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.pwrite(record.descriptor, b"stray", 64)
    with pytest.raises(OSError, match="Invalid argument"):
        os.ftruncate(record.descriptor, 0)
    assert os.pread(record.descriptor, 8192, 0) == before


def test_memory_has_no_name_in_any_file_system() -> None:
    """A record leaves nothing in /dev/shm."""
    before = set(os.listdir("/dev/shm"))
    record = Record.create("test-trace", _LIMIT)
    assert set(os.listdir("/dev/shm")) == before
    record.close()


def test_closed_record_frees_its_descriptors() -> None:
    """A record and its writer give back every descriptor."""
    before = len(os.listdir("/proc/self/fd"))
    record = Record.create("test", _LIMIT)
    writer = Writer(record.descriptor)
    writer.close()
    record.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_empty_record_takes_almost_no_memory() -> None:
    """Memory is taken as it is filled, not as it is reserved."""
    record = Record.create("test", 64 * 1024 * 1024)
    assert os.fstat(record.descriptor).st_blocks * 512 <= 8192
    record.close()


@pytest.mark.parametrize(
    ("byte", "words"),
    [
        (_SECOND_SLOT_BYTE, (7,)),
        (_SECOND_SLOT_BYTE, (0,)),
        (_SECOND_SLOT_BYTE + 8, (2**63,)),
        (_SECOND_SLOT_BYTE + 8, (_LIMIT + 1,)),
        (_SECOND_SLOT_BYTE + 8, (2,)),
        (_SECOND_SLOT_BYTE + 16, (1234,)),
        (_SECOND_SLOT_BYTE + 64, (0x4141414141414141,)),
        (_HEAD_BYTE, (9,)),
        (_HEAD_BYTE, (2**64 - 1,)),
    ],
    ids=[
        "version",
        "no version",
        "huge length",
        "length over the limit",
        "short length",
        "checksum",
        "payload",
        "head ahead",
        "huge head",
    ],
)
def test_damage_is_noticed(
    record: Record, writer: Writer, byte: int, words: tuple[int, ...]
) -> None:
    """Whatever word of a publication is overwritten, no reader takes it for whole."""
    writer.publish(b"first payload")
    _overwrite(record, byte, *words)
    with pytest.raises(CorruptRecordError, match="does not hold version"):
        record.read()


@pytest.mark.parametrize(
    ("byte", "word"),
    [(_FIRST_SLOT_BYTE + 8, 2**63), (_FIRST_SLOT_BYTE, 0)],
    ids=["length beyond the limit", "slot being written"],
)
def test_slot_that_cannot_be_whole_is_not_copied(byte: int, word: int) -> None:
    """What the first look at a slot shows to be no publication costs no memory."""
    record = Record.create("test", 1024 * 1024)
    with contextlib.closing(Writer(record.descriptor)) as writer:
        writer.publish(b"one")
        writer.publish(b"two" * 300_000)
    _overwrite(record, byte, word)
    tracemalloc.start()
    with pytest.raises(CorruptRecordError):
        record.read()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    record.close()
    assert peak_bytes < 100_000


def test_slot_begun_anew_during_the_copy_is_not_taken(
    record: Record, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if the checksum fits, as by chance it may: the second look tells."""
    writer.publish(b"one")

    def checksum(version: int, published_at_ns: int, payload: bytes) -> int:
        fitting = original(version, published_at_ns, payload)
        _overwrite(record, _SECOND_SLOT_BYTE, 0)
        return fitting

    original = record_module._checksum
    monkeypatch.setattr(record_module, "_checksum", checksum)
    with pytest.raises(CorruptRecordError):
        record.read()


def test_version_of_a_slot_is_a_witness_of_its_own(
    record: Record, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Where stores become visible in order, a slot that is being written gives nothing,
    also to a reader for whom the checksum fits by chance.
    """
    monkeypatch.setattr(record_module, "_checksum", lambda *_: 0)
    found: list[object] = []

    class LookedAt:
        """The bytes of the record; a late reader copies the slot when it has them."""

        def __setitem__(self, where: slice, payload: bytes) -> None:
            memory[where] = payload
            found.append(record._copy(1))

    memory = writer._bytes
    writer.publish(b"one")
    writer.publish(b"two")
    monkeypatch.setattr(writer, "_bytes", LookedAt())
    writer.publish(b"new")
    monkeypatch.undo()
    assert found == [None]


def test_head_that_fell_is_noticed(record: Record, writer: Writer) -> None:
    """A reader is never led back to an older publication."""
    writer.publish(b"one")
    writer.publish(b"two")
    _overwrite(record, _HEAD_BYTE, 1)
    with pytest.raises(CorruptRecordError):
        record.read(held_version=2)


def test_payload_of_another_version_is_not_taken(
    record: Record, writer: Writer
) -> None:
    """A slot that claims a version it was not written for is refused."""
    writer.publish(b"one")
    writer.publish(b"two")
    _overwrite(record, _SECOND_SLOT_BYTE, 3)
    _overwrite(record, _HEAD_BYTE, 3)
    with pytest.raises(CorruptRecordError):
        record.read(held_version=2)


@pytest.mark.parametrize("word", [2**62, 2**64 - 1])
def test_version_that_no_count_can_have_is_not_gone_on_from(
    record: Record, word: int
) -> None:
    """A successor goes on from what else it finds, or is told, and can be read."""
    writer = Writer(record.descriptor)
    writer.publish(b"one")
    writer.close()
    for byte in (_HEAD_BYTE, _FIRST_SLOT_BYTE, _SECOND_SLOT_BYTE):
        _overwrite(record, byte, word)
    successor = Writer(record.descriptor)
    successor.skip(7)
    successor.skip(word)
    assert 7 < successor.publish(b"two") < 2**62
    assert record.is_whole(8)
    successor.close()


def test_publication_after_damage_is_served(record: Record, writer: Writer) -> None:
    """Damage lasts until the next publication and no longer."""
    writer.publish(b"one")
    _overwrite(record, _SECOND_SLOT_BYTE + 64, 0)
    with pytest.raises(CorruptRecordError):
        record.read()
    writer.publish(b"two")
    assert content(record) == (2, b"two")


def test_unfinished_publication_is_not_taken_for_its_successors(
    record: Record,
) -> None:
    """A successor's head, seen before its slot, publishes nothing of the dead one."""
    dead = Writer(record.descriptor)
    dead.publish(b"one")
    dead.publish(b"stored whole by a writer that died before the head")
    _overwrite(record, _HEAD_BYTE, 1)
    dead.close()
    successor = Writer(record.descriptor)
    _overwrite(record, _HEAD_BYTE, 2)
    with pytest.raises(CorruptRecordError):
        record.read(held_version=1)
    _overwrite(record, _HEAD_BYTE, 1)
    assert successor.publish(b"two") == 2
    assert content(record, 1) == (2, b"two")
    successor.close()


def test_foreign_descriptor_is_refused() -> None:
    """A descriptor that is not a record's is refused in one sentence."""
    foreign = os.memfd_create("foreign")
    for header in (b"", b"x" * 16, b"livecfg2" + struct.pack("Q", 100)):
        os.pwrite(foreign, header, 0)
        for attach in (Record, Writer):
            with pytest.raises(StartupError, match="is not a record"):
                attach(foreign)
    os.close(foreign)


def test_reader_retries_when_the_writer_overtakes_it(
    record: Record, writer: Writer
) -> None:
    """A reader that is overtaken by two publications returns the newest, whole."""
    writer.publish(b"one")
    overtaken = _OvertakenRecord(record.descriptor, writer)
    assert content(overtaken) == (3, b"three")


class _OvertakenRecord(Record):
    """A reader during whose first copy the writer publishes twice."""

    def __init__(self, descriptor: int, writer: Writer) -> None:
        super().__init__(os.dup(descriptor))
        self._writer = writer

    def _copy(self, version: int) -> bytes | None:
        if version == 1:
            self._writer.publish(b"two")
            self._writer.publish(b"three")
        return super()._copy(version)


@pytest.mark.parametrize("word", [0, 1])
def test_header_is_written_again_only_where_it_is_damaged(
    record: Record, word: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either word is mended, and one that is whole costs no system call."""
    _overwrite(record, 8 * word, 0)
    with pytest.raises(StartupError):
        Writer(record.descriptor)
    record.mend_header()
    Writer(record.descriptor).close()
    monkeypatch.setattr(os, "pwrite", lambda *_: pytest.fail("written again"))
    record.mend_header()
