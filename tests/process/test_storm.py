"""The storm that the record is proven with: it sees what it is there to see."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from liveconfig.memory.record import Publication, Record
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.storm import FullReads, Gets, Readers, Storm

_BYTES_MAX = 64 * 1024

Kind = Callable[[int, int], Readers]


def _finish_by_itself(kind: Readers) -> None:
    with Storm(kind, processes=2, threads=2) as storm:
        assert storm.start_writer().ends_within(PATIENCE_SECONDS), "nobody noticed"
        storm.finish()


def _copy_unproven(record: Record, version: int) -> Publication:
    """Copy a slot as it is, whatever the writer does to it."""
    words = record._words
    slot = (4096 + version % 2 * (4096 + record.payload_bytes_max)) // 8
    start = (slot + 8) * 8
    payload = bytes(record._bytes[start : start + words[slot + 1]])
    return Publication(version, payload, 0)


def test_storm_sees_a_torn_publication(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers that prove nothing get mixtures, and the storm says so."""
    monkeypatch.setattr(Record, "_copy", _copy_unproven)
    with pytest.raises(AssertionError, match=r"torn: version \d+ has"):
        _finish_by_itself(FullReads(1, _BYTES_MAX))


@pytest.mark.parametrize("kind", [FullReads, Gets])
def test_storm_sees_a_version_fall(monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    """A reader that is given an old publication after newer ones is not content."""
    read, kept = Record.read, list[Publication]()

    def read_the_first_again(record: Record, held: int = 0) -> Publication | None:
        publication = read(record, held)
        if publication is not None:
            kept.append(publication)
        return kept[0] if len(kept) % 100 == 99 else publication

    monkeypatch.setattr(Record, "read", read_the_first_again)
    with pytest.raises(AssertionError, match=r"version \d+ was read when \d+ was"):
        _finish_by_itself(kind(1, _BYTES_MAX))


def test_storm_sees_that_the_last_one_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that keeps what it has is noticed when it is over."""
    read, kept = Record.read, dict[str, Publication | None]()

    def read_once(record: Record, held: int = 0) -> Publication | None:
        return kept.setdefault("first", read(record))

    monkeypatch.setattr(Record, "read", read_once)
    with Storm(FullReads(1, _BYTES_MAX), processes=1, threads=1) as storm:
        storm.start_writer()
        eventually(lambda: storm.record.version > 1000 and storm.board.calls)
        with pytest.raises(AssertionError, match="the last one is lost"):
            storm.finish()


def test_storm_sees_what_a_killed_writer_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A successor's version with the content of the writer before it is a mixture."""
    kind = FullReads(1, _BYTES_MAX)
    payload = kind.payload
    with Storm(kind, processes=1, threads=1) as storm:
        killed = storm.start_writer()
        eventually(lambda: storm.board.done)
        killed.kill()
        monkeypatch.setattr(kind, "payload", lambda version, _: payload(version, 0))
        assert storm.start_writer().ends_within(PATIENCE_SECONDS), "nobody noticed"
        with pytest.raises(AssertionError, match="torn"):
            storm.finish()
