"""
The newest of what was published, rejected, proven and withdrawn, as data.

Owns: an entry, how many are kept, their bytes and how they are read back.
Must not know: how a config is compared or published, who shows the entries.
Runs in: the publisher (which writes them) and the workers (which show them).

It is a record of its own, so that any worker can show it, and a publisher that died is
no gap in it. Times are seconds since the epoch, as floats.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from liveconfig.errors import CorruptRecordError
from liveconfig.memory.record import Record
from liveconfig.memory.status import Problem
from liveconfig.schema.changes import Change

# What somebody looks through to find what an incident began with. Where more keys have
# changed than that, nobody reads each.
ENTRIES_MAX = 32
CHANGES_MAX = 20

# Room for all entries with all changes at their longest. It is taken only as it fills.
HISTORY_BYTES_MAX = 4 * 1024 * 1024


class Entry(msgspec.Struct, frozen=True):
    """
    What came of one change of the source, or of one trial.

    Attributes:
        kind: `published` or `rejected`; of a trial `proven` or `withdrawn`.
        at: when that was.
        version: the version that is live since, or that stays, or that was tried.
        digest: of the config; of a rejected one the digest of its bytes, or "".
        origin: where it came from: `source`, `cache` or `defaults`.
        changed_at: when the source changed, by the filesystem's clock, 0.0 if unknown.
        duration_seconds: from the begin of reading to the publication or rejection.
        changes: what changed, the first of them.
        changed_count: how many there are.
        restart_keys: changed keys that need a restart, the first of them.
        error: why it was rejected.
        reason: why it was withdrawn, or how it fared where it was proven; of what was
            published, why the version before was withdrawn, "" where it was not.
    """

    kind: Literal["published", "rejected", "proven", "withdrawn"]
    at: float
    version: int
    digest: str
    origin: str = "source"
    changed_at: float = 0.0
    duration_seconds: float = 0.0
    changes: tuple[Change, ...] = ()
    changed_count: int = 0
    restart_keys: tuple[str, ...] = ()
    error: Problem | None = None
    reason: str = ""

    def without_text(self) -> Entry:
        """Return it without what was shown of the documents."""
        return msgspec.structs.replace(
            self,
            changes=(),
            restart_keys=(),
            error=self.error and self.error.without_text(),
        )


class History(msgspec.Struct, frozen=True):
    """
    The newest entries.

    Attributes:
        entries: the newest last.
        secrecy: which keys are secret, as `KeyNames` has it: all this keeps to it.
    """

    entries: tuple[Entry, ...] = ()
    secrecy: str = ""

    def with_entry(self, entry: Entry) -> History:
        """Return the history with one more, and without the oldest beyond the limit."""
        return History((*self.entries, entry)[-ENTRIES_MAX:], self.secrecy)

    def shown_by(self, secrecy: str) -> History:
        """Return what may be shown of it where these keys are secret."""
        if secrecy == self.secrecy:
            return self
        return History(tuple(each.without_text() for each in self.entries), secrecy)

    def to_bytes(self) -> bytes:
        """Return the bytes that `read` finds in a record."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def read(cls, record: Record) -> History:
        """Return what `record` holds; an empty history where it holds none."""
        try:
            publication = record.read()
            if publication is None:
                return cls()
            return _DECODER.decode(publication.payload)
        except (
            CorruptRecordError,
            msgspec.DecodeError,
            UnicodeDecodeError,
            RecursionError,
        ):
            return cls()


# Made while importing, for the reason that `status` gives.
_DECODER = msgspec.msgpack.Decoder(History)
