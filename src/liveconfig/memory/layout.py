"""
Where everything lies in the memory of one record.

Owns: the byte layout, the header and its check.
Must not know: in which order it is written and read: `record` does.
Runs in: the publisher, the master and every worker.

All words are 8 bytes in the machine's own byte order:

| byte         | word | holds                                                    |
| ------------ | ---- | -------------------------------------------------------- |
| 0            | 0    | magic number and layout                                  |
| 8            | 1    | the most bytes that one payload may have                 |
| 64           | 8    | head: the version of the newest publication, 0 for none  |
| 128          | 16   | offer: what a process compares with that took the        |
|              |      | candidate; in its record alone, as the next              |
| 192          | 24   | the process that may take it, 0 for none                 |
| 4096 + slot  | +0   | slot: version, 0 while the writer is at work             |
|              | +1   | slot: length of the payload in bytes                     |
|              | +2   | slot: when it was published, in ns since the epoch       |
|              | +3   | slot: checksum of version, length, time and payload      |
|              | +8   | slot: the payload                                        |
"""

from __future__ import annotations

import os
import struct

from liveconfig.errors import StartupError

MAGIC = int.from_bytes(b"livecfg2", "little")
_PAGE_BYTES = 4096
WORD_BYTES = 8

# Indexes of words. The head has a cache line of its own: all readers look at it. So has
# what they look at in the record of a candidate.
MAGIC_WORD = 0
PAYLOAD_BYTES_MAX_WORD = 1
HEAD_WORD = 8
OFFER_WORD = 16
ADDRESSEE_WORD = 24

# Indexes of words, counted from the start of a slot.
VERSION = 0
LENGTH = 1
PUBLISHED_AT = 2
CHECKSUM = 3
PAYLOAD = 8

SLOTS = 2


def _slot_bytes(payload_bytes_max: int) -> int:
    size = PAYLOAD * WORD_BYTES + payload_bytes_max
    return -(-size // _PAGE_BYTES) * _PAGE_BYTES


def size_bytes(payload_bytes_max: int) -> int:
    """Return the size of the memory of a record."""
    return _PAGE_BYTES + SLOTS * _slot_bytes(payload_bytes_max)


def slot_word(version: int, payload_bytes_max: int) -> int:
    """Return the index of the first word of the slot that a version is in."""
    slot = version % SLOTS
    return (_PAGE_BYTES + slot * _slot_bytes(payload_bytes_max)) // WORD_BYTES


def write_header(descriptor: int, payload_bytes_max: int) -> None:
    """Write what others recognise a record by when they attach."""
    os.pwrite(descriptor, struct.pack("QQ", MAGIC, payload_bytes_max), 0)


def payload_bytes_max_of(descriptor: int) -> int:
    """
    Return the most bytes that one payload of a record may have.

    Raises:
        StartupError: the descriptor is not that of a record; it is left open.
    """
    header = os.pread(descriptor, 2 * WORD_BYTES, 0)
    if len(header) == 2 * WORD_BYTES:
        magic, payload_bytes_max = struct.unpack("QQ", header)
        if magic == MAGIC and os.fstat(descriptor).st_size == size_bytes(
            payload_bytes_max
        ):
            return int(payload_bytes_max)
    raise StartupError(
        f"descriptor {descriptor} is not a record of this version: "
        "restart gunicorn, so that all of it runs the same liveconfig"
    )
