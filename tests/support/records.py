"""
What a record holds, for tests that compare it.

Owns: one short way to read.
Must not know: what is tested.
Runs in: the test process and its children.
"""

from __future__ import annotations

from liveconfig.memory.record import Record


def content(record: Record, held_version: int = 0) -> tuple[int, bytes] | None:
    """Return version and payload of what there is to read, None for nothing new."""
    publication = record.read(held_version)
    return publication and (publication.version, publication.payload)
