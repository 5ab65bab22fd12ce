"""
One versioned record of bytes in shared memory.

Owns: the order of publishing, the read-and-retry loop, the writer's claim.
Must not know: YAML, configs, HTTP, gunicorn.
Runs in: the master, which makes the records and reads them each second; the publisher,
    which is their only writer; and every worker, which reads.

Why no lock: a worker killed while holding it would stop all the others, and a
publisher stopped while holding it would stop every request. So readers copy first and
then prove that what they copied is one whole publication.

Why two slots: the writer fills the slot that is not current, so a reader is disturbed
only when two publications begin while it copies; then it starts over.

The memory is a memfd: it has no name, it is freed with the last process that holds it,
and it is sealed, so that nobody can shrink it under a reader (which would be SIGBUS).
The descriptor that processes inherit cannot write, so that a worker's stray write to a
number that is not its own any more fails. Who may write opens the memory anew for that.

The protocol, step by step. The marks `model: C1` and so on stand at these steps below,
and in the model in tests/model/record.pml, in which every order of events is explored,
on machines that show stores to others in any order too (arm64).

To publish, the writer

- W1 counts one version further, or above a version of another record. Its slot is the
  one that the newest is not in: where that of this version is not, the next one's is.
- W2 sets the version of that slot to 0. A reader that is still copying the publication
  before the newest, which lay there, sees at R9 that it was too slow.
- W3 writes the payload, and the time with it, W4 the length, W5 the checksum over all
  of these and the version, W6 the version of the slot.
- W7 sets the head. This one store is the publication: a writer that dies before it has
  published nothing, and one that dies after it has published all.

To read, a reader

- R1 tries a bounded number of times: a record that is damaged must not hold up a
  request for ever. R11 is the end of the last try, and raises.
- R2 loads the head. R3 is done if that is the version it holds.
- R4 raises if the version fell. Versions only grow, so the memory was overwritten, and
  nobody may be served an older config after a newer one.
- R5 loads the length, which is believed only up to the size of a slot: damage must not
  make it read behind the memory.
- R6 loads the slot's version. Another one than the head's means that two publications
  began since R2, or that the slot is not visible here yet: a copy would be for nothing.
- R7 copies the payload, and proves only then that the copy is whole:
- R8 compares the checksum. It catches bytes of two publications, those of a writer that
  died between W2 and W6, and memory that somebody overwrote. Where stores become
  visible in any order, nothing else shows that the bytes are those of this version.
- R9 loads the slot's version again. It catches the writer that came to this slot while
  it was copied, also where the checksum fits by chance (one in four thousand million).
- R10 returns it.

To become the writer, a process

- C1 takes a lock of the kernel, and is refused while another living process has it.
- C2 spoils the checksum of the slot that comes next. A writer that died between W6 and
  W7 left a whole slot there, under a version that is published again: a reader could
  see the new head, and still the old slot.
- C3 takes the lock twice more, which the kernel makes an order: whoever sees what is
  published from now on sees the spoilt checksum too.
- C4 skips versions if the master knows a newer one than the record has. Zeros from end
  to end look like a record in which nothing was ever published.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
import zlib
from dataclasses import dataclass
from typing import TypeVar

from liveconfig.errors import (
    CorruptRecordError,
    PayloadTooLargeError,
    RecordClaimedError,
)
from liveconfig.memory import kernel
from liveconfig.memory.layout import (
    CHECKSUM,
    HEAD_WORD,
    LENGTH,
    MAGIC,
    MAGIC_WORD,
    PAYLOAD,
    PAYLOAD_BYTES_MAX_WORD,
    PUBLISHED_AT,
    SLOTS,
    VERSION,
    WORD_BYTES,
    payload_bytes_max_of,
    size_bytes,
    slot_word,
    write_header,
)

R = TypeVar("R", bound="Record")

# Every failed try means that the writer published meanwhile or that its stores are not
# all visible here yet. Both pass in microseconds; a damaged record does not pass.
_TRIES_MAX = 100

# After damage the true version is unknown. One million is skipped, more than can be
# published before damage is seen (a second), so no version comes twice. What is above
# 2**62 is garbage and no version.
_VERSIONS_SKIPPED = 1_000_000
_VERSION_MAX = 2**62

# A checksum has 32 bits, so none is this.
_NO_CHECKSUM = 2**64 - 1

# `struct flock` of 64-bit Linux: type, whence, start, length, pid.
_FLOCK = "hhqqi4x"


@dataclass(frozen=True)
class Publication:
    """
    What one `Writer.publish` left behind.

    Attributes:
        version: counts publications from 1.
        payload: the bytes as they were published.
        published_at_ns: when that was, in nanoseconds since the epoch.
    """

    version: int
    payload: bytes
    published_at_ns: int

    # And no tuple: what records the local variables of a traceback walks into those.
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.version}, {len(self.payload)} bytes)"


class Record:
    """
    The readers' view of a record. Its mapping cannot be written to.

    Only `create` and `mend_header` write, by a descriptor of their own: the header.

    A record lives as long as a process holds its descriptor or mapping. Forked
    children keep the view as it is; other programs get the descriptor and attach.

    Attributes:
        descriptor: the memory's file descriptor, closed on exec.
        head: a view of one word, the newest version. Comparing `head[0]` with the
            version one holds is the whole cost of finding out that nothing changed.
        payload_bytes_max: the most bytes that one payload may have.
    """

    def __init__(self, descriptor: int) -> None:
        """
        Attach to a record by its descriptor, which this object owns from now on.

        Raises:
            StartupError: the descriptor is not that of a record; it is left open.
        """
        self.payload_bytes_max = payload_bytes_max_of(descriptor)
        self.descriptor = descriptor
        self._memory = _map(descriptor, mmap.PROT_READ)
        self._bytes = memoryview(self._memory)
        self._words = self._bytes.cast("Q")
        self.head = self._words[HEAD_WORD : HEAD_WORD + 1]

    @classmethod
    def create(cls: type[R], name: str, payload_bytes_max: int) -> R:
        """
        Make an empty record in memory that is taken only as it is filled.

        Args:
            name: what /proc shows for the descriptor; it opens nothing.
            payload_bytes_max: the most bytes that one payload may have.
        """
        writable = kernel.memfd_create(name)
        try:
            os.ftruncate(writable, size_bytes(payload_bytes_max))
            write_header(writable, payload_bytes_max)
            kernel.seal_size(writable)
            return cls(kernel.opened_anew(writable, os.O_RDONLY))
        finally:
            os.close(writable)

    def is_whole(self, version_min: int) -> bool:
        """Return True if the newest publication can be read, and is as new as that."""
        try:
            publication = self.read()
        except CorruptRecordError:
            return False
        return (publication.version if publication else 0) >= version_min

    def mend_header(self) -> None:
        """Write a damaged header again, so that others can attach; for its maker."""
        header = self._words[MAGIC_WORD], self._words[PAYLOAD_BYTES_MAX_WORD]
        if header != (MAGIC, self.payload_bytes_max):
            writable = kernel.opened_anew(self.descriptor, os.O_RDWR)
            try:
                write_header(writable, self.payload_bytes_max)
            finally:
                os.close(writable)

    @property
    def version(self) -> int:
        """The newest version, 0 before the first publication."""
        return self.head[0]

    @property
    def newest_bytes(self) -> int:
        """The size of the newest payload as its slot says it, which proves nothing."""
        return self._words[slot_word(self.version, self.payload_bytes_max) + LENGTH]

    def read(self, held_version: int = 0) -> Publication | None:
        """
        Return the newest publication, or None if it is the one the caller holds.

        Never waits for the writer: a copy that turns out not to be whole is thrown
        away and taken again, a bounded number of times.

        Args:
            held_version: the version the caller holds, 0 for none.

        Raises:
            CorruptRecordError: no try found one whole publication, or the version fell;
                nothing was changed, and the next call tries afresh.
        """
        for _ in range(_TRIES_MAX):  # model: R1
            version = self.head[0]  # model: R2
            if version == held_version:  # model: R3
                return None
            if version < held_version:  # model: R4
                break
            publication = self._copy(version)
            if publication is not None:
                return publication  # model: R10
        raise CorruptRecordError(  # model: R11
            f"the record does not hold version {self.head[0]} whole"
        )

    def _copy(self, version: int) -> Publication | None:
        words = self._words
        slot = slot_word(version, self.payload_bytes_max)
        length = words[slot + LENGTH]  # model: R5
        # Overtaken by the writer, or not visible here yet.
        if words[slot + VERSION] != version:  # model: R6
            return None
        # Damage: what it claims to be long lies in the other slot, or nowhere.
        if length > self.payload_bytes_max:
            return None
        start = (slot + PAYLOAD) * WORD_BYTES
        payload = bytes(self._bytes[start : start + length])  # model: R7
        # To the model, the time is one more byte of the payload; so it is in `publish`.
        published_at_ns = words[slot + PUBLISHED_AT]
        # Where stores may become visible in any order (arm64), nothing but the checksum
        # shows a mixture; where they may not, the version at R9 shows it as well.
        checksum = _checksum(version, published_at_ns, payload)
        if words[slot + CHECKSUM] != checksum:  # model: R8
            return None
        # The writer came to this slot meanwhile.
        if words[slot + VERSION] != version:  # model: R9
            return None
        return Publication(version, payload, published_at_ns)

    def is_claimed(self) -> bool:
        """Return True if a living process is the writer, by the kernel's own word."""
        answer = fcntl.fcntl(self.descriptor, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK))
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)

    def close(self) -> None:
        """Give back the mapping and the descriptor; the view is unusable afterwards."""
        self.head.release()
        self._words.release()
        self._bytes.release()
        self._memory.close()
        os.close(self.descriptor)


class Writer:
    """
    The one writer of a record.

    It may be killed between any two stores: the readers keep the newest publication,
    and the next writer goes on from it. It counts for itself, so that versions go on
    growing when other processes have overwritten the record.

    Attributes:
        version: that of the newest publication.
        published_at_ns: when this writer published last, 0 before the first time.
    """

    def __init__(self, descriptor: int) -> None:
        """
        Claim the record behind `descriptor`, which stays the caller's.

        The claim is a lock on an open file description of its own: it ends with the
        process, however that ends.

        Raises:
            RecordClaimedError: another writer is alive; nothing was changed.
            StartupError: the descriptor is not that of a record; nothing was changed.
        """
        self._payload_bytes_max = payload_bytes_max_of(descriptor)
        # Opened anew: a lock on the inherited description would be shared with every
        # process that inherited it, and would outlive this one.
        self._claim = kernel.opened_anew(descriptor, os.O_RDWR)
        lock = _flock(fcntl.F_WRLCK)
        try:
            fcntl.fcntl(self._claim, fcntl.F_OFD_SETLK, lock)  # model: C1
        except (BlockingIOError, PermissionError) as error:
            os.close(self._claim)
            raise RecordClaimedError(
                "the record has a writer already: only one publisher may run"
            ) from error
        self._memory = _map(self._claim, mmap.PROT_READ | mmap.PROT_WRITE)
        self._bytes = memoryview(self._memory)
        self._words = self._bytes.cast("Q")
        self.version = self._version_before()
        self.published_at_ns = 0
        self._wipe_unfinished()

    def skip(self, version: int) -> None:
        """Go on after `version`, if the record looks as if it had never come so far."""
        if self.version < version < _VERSION_MAX:
            self.version = version + _VERSIONS_SKIPPED  # model: C4

    def publish(self, payload: bytes, above: int = 0) -> int:
        """
        Make `payload` the newest publication; return its version, newer than `above`.

        Raises:
            PayloadTooLargeError: nothing was written, the last publication stays.
        """
        if len(payload) > self._payload_bytes_max:
            raise PayloadTooLargeError(len(payload), self._payload_bytes_max)
        words = self._words
        version = max(self.version, above) + 1
        # While there is no newest, any slot is free.
        version += self.version > 0 and (version - self.version) % SLOTS == 0
        self.version = version  # model: W1
        slot = slot_word(version, self._payload_bytes_max)
        start = (slot + PAYLOAD) * WORD_BYTES
        # A reader that is still copying this slot learns that it is too late.
        words[slot + VERSION] = 0  # model: W2
        self._bytes[start : start + len(payload)] = payload  # model: W3
        self.published_at_ns = now_ns = time.time_ns()
        words[slot + PUBLISHED_AT] = now_ns
        words[slot + LENGTH] = len(payload)  # model: W4
        words[slot + CHECKSUM] = _checksum(version, now_ns, payload)  # model: W5
        words[slot + VERSION] = version  # model: W6
        # This one store is the publication; before it, nothing has happened.
        words[HEAD_WORD] = version  # model: W7
        return version

    def _version_before(self) -> int:
        """Return the version that the writer before came to, as far as can be known."""
        head = self._words[HEAD_WORD]
        slots = [
            self._words[slot_word(number, self._payload_bytes_max) + VERSION]
            for number in range(SLOTS)
        ]
        known = [version for version in (head, *slots) if version < _VERSION_MAX]
        # Wherever a writer dies, the slot that the head names is whole.
        if head in known and (head in slots or (head == 0 and max(slots) <= 1)):
            return head
        return max(known, default=0) + _VERSIONS_SKIPPED

    def _wipe_unfinished(self) -> None:
        # A writer that died in the middle may have left a whole slot under the version
        # that is published next. Where the new head may become visible before the new
        # slot (arm64), a reader would take for published what never was.
        slot = slot_word(self.version + 1, self._payload_bytes_max)
        self._words[slot + CHECKSUM] = _NO_CHECKSUM  # model: C2
        # What is stored before the kernel gives up a lock of its own is visible before
        # what is stored after it took that lock again: hence twice.
        for _ in range(2):  # model: C3
            fcntl.fcntl(self._claim, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK))

    def close(self) -> None:
        """Give up the claim; what was published stays."""
        self._words.release()
        self._bytes.release()
        self._memory.close()
        os.close(self._claim)


def _checksum(version: int, published_at_ns: int, payload: bytes) -> int:
    head = struct.pack("QQQ", version, len(payload), published_at_ns)
    return zlib.crc32(payload, zlib.crc32(head))


def _flock(kind: int) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)


def _map(descriptor: int, protection: int) -> mmap.mmap:
    return mmap.mmap(descriptor, 0, mmap.MAP_SHARED, protection)
