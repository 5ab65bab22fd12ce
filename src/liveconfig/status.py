"""
What the publisher says of itself, as data.

Owns: the publisher's state as it stands in the second record, and its bytes.
Must not know: who shows it, and any value of a config.
Runs in: the publisher (which writes it) and the workers (which show it).

Times are seconds since the epoch, as floats.
"""

from __future__ import annotations

import msgspec

from liveconfig.errors import CorruptRecordError, InvalidConfigError


class Problem(msgspec.Struct, frozen=True):
    """Where and why a document was rejected: the parts of an `InvalidConfigError`."""

    path: str
    line: int
    column: int
    key: str
    problem: str

    def as_exception(self) -> InvalidConfigError:
        """Return the error that these are the parts of."""
        return InvalidConfigError(*msgspec.structs.astuple(self))


class Rejected(msgspec.Struct, frozen=True):
    """
    The candidate that is not served, until a good one comes.

    Attributes:
        digest: of the rejected bytes, "" where they could not be read whole.
        error: what its author must mend.
        since: when it was first seen.
        tries: how often it was seen since, itself included.
    """

    digest: str
    error: Problem
    since: float
    tries: int


class Missing(msgspec.Struct, frozen=True):
    """The source that cannot be read at present, and since when."""

    problem: str
    since: float


class PublisherStatus(msgspec.Struct, frozen=True):
    """
    The publisher's state.

    Attributes:
        pid: the publisher's process.
        started_at: when it started.
        starts: how many publishers this master has had, this one included.
        checked_at: when it last looked at the source.
        source: the file or directory, as the operator named it.
        schema: `module:Class` that it validates with, "" for a plain mapping.
        mode: how it watches, `inotify` or `polling`.
        version: the newest version.
        digest: the digest of that version.
        published_at: when that version was published.
        changed_at: when its source changed, by the filesystem's clock.
        changed_keys: what changed from the version before, the first 100 key paths.
        changed_count: how many there are.
        unknown_keys: keys of the source that the schema does not name, the first 100.
        unknown_count: how many there are.
        origin: where that version came from: `source`, `cache` or `defaults`.
        rejected: the candidate that is not served, if there is one.
        missing: set while the source cannot be read.
    """

    pid: int
    started_at: float
    source: str
    schema: str
    starts: int = 1
    checked_at: float = 0.0
    mode: str = "inotify"
    version: int = 0
    digest: str = ""
    published_at: float = 0.0
    changed_at: float = 0.0
    changed_keys: tuple[str, ...] = ()
    changed_count: int = 0
    unknown_keys: tuple[str, ...] = ()
    unknown_count: int = 0
    origin: str = "source"
    rejected: Rejected | None = None
    missing: Missing | None = None

    def to_bytes(self) -> bytes:
        """Return the bytes that `from_bytes` takes."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, payload: bytes) -> PublisherStatus:
        """
        Read a state back.

        Raises:
            CorruptRecordError: the bytes are not those of a state.
        """
        try:
            return msgspec.msgpack.decode(payload, type=cls)
        # What msgspec raises for text that is not UTF-8, and for endless nesting, is
        # none of its own errors.
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CorruptRecordError("the record holds no status") from error
