"""The tag of `/status`: another one whenever there is something else to be told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from liveconfig.memory.record import Writer
from liveconfig.memory.shared import SharedMemory
from liveconfig.operators.status import status_tag
from tests.support.damage import overwrite


@pytest.fixture
def shared() -> Iterator[SharedMemory]:
    """Memory with something in each record."""
    shared = SharedMemory.create(4096)
    for record in shared.records:
        writer = Writer(record.descriptor)
        writer.publish(b"something")
        writer.close()
    yield shared
    shared.close()


def test_tag_stays_while_nothing_changes(shared: SharedMemory) -> None:
    """A client that has the document is not sent it again."""
    assert status_tag(shared, 1) == status_tag(shared, 1)


def test_tag_knows_what_the_worker_shows(shared: SharedMemory) -> None:
    """A page with the config before, of a worker that takes a new one meanwhile."""
    assert status_tag(shared, 1) != status_tag(shared, 2)


@pytest.mark.parametrize("name", ["status", "history"])
def test_tag_knows_of_damage(shared: SharedMemory, name: str) -> None:
    """A record that was overwritten has the version that it had, and is told."""
    before = status_tag(shared, 1)
    descriptor = getattr(shared, name).descriptor
    overwrite(descriptor, 4096, bytes(shared.history.payload_bytes_max + 8192))
    assert status_tag(shared, 1) != before
