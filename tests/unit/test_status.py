"""What the publisher says of itself, to bytes and back."""

from __future__ import annotations

import pytest

from liveconfig.errors import CorruptRecordError, InvalidConfigError
from liveconfig.memory.status import Missing, Problem, PublisherStatus, Rejected


def test_status_survives_the_record() -> None:
    """Every field comes back as it was."""
    status = PublisherStatus(
        pid=42,
        started_at=1.5,
        source="/etc/config",
        schema="a:B",
        mode="polling",
        mode_reason="no inotify",
        version=7,
        digest="sha256:00",
        published_at=2.5,
        changed_at=2.25,
        changed_keys=("a.b", "c[0]"),
        unknown_keys=("d",),
        warnings=("c.yaml:1:1: e: why",),
        origin="cache",
        rejected=Rejected("sha256:01", Problem("c.yaml", 1, 2, "a", "wrong"), 3.5, 4),
        missing=Missing("gone", 4.5),
    )
    assert PublisherStatus.from_bytes(status.to_bytes()) == status


def test_problem_is_the_error_again() -> None:
    """The parts of a rejection make the sentence that was logged."""
    error = InvalidConfigError("c.yaml", 1, 2, "a", "wrong")
    assert str(Problem("c.yaml", 1, 2, "a", "wrong").as_exception()) == str(error)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        b"\x80",
        b"\x81\xa3pid\xa1x",
        b"\x81\xa6source\xa1\xff",
        b"\x81\xa1x" + b"\x91" * 5000 + b"\xc0",
    ],
)
def test_other_bytes_are_refused(payload: bytes) -> None:
    """Bytes that are no status raise one kind of error."""
    with pytest.raises(CorruptRecordError):
        PublisherStatus.from_bytes(payload)
