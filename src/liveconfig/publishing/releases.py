"""
The config that is live and the one that is proven, in their records.

Owns: both; how they are published, and found again by a successor.
Must not know: the source, whether a config is good, what is logged.
Runs in: the publisher process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from liveconfig.errors import CorruptRecordError, UnfitConfigError
from liveconfig.memory.trial import Proven
from liveconfig.publishing.outlets import Outlets
from liveconfig.schema.schema import Schema


@dataclass(frozen=True)
class Live:
    """
    What was published last: all that decisions about it go by.

    Attributes:
        version: its number.
        digest: the digest of its config.
        origin: where it came from: `source`, `cache` or `defaults`.
        payload: its bytes.
        config: what they stand for.
    """

    version: int
    digest: str
    origin: str
    payload: bytes
    config: Any

    # And no tuple: what records the local variables of a traceback walks into those.
    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.payload)} bytes)"


class Releases:
    """
    What this publisher and those before it have published.

    Attributes:
        live: what was published last, None where there is nothing or it is unreadable.
        proven: what passed its trial last, None where nothing has.
    """

    def __init__(
        self, outlets: Outlets, schema: Schema[Any], *, has_trials: bool
    ) -> None:
        """
        Know of nothing yet.

        Args:
            outlets: the records.
            schema: what a config must look like.
            has_trials: whether what is proven may be another one than what is live,
                so that it needs a record of its own.
        """
        self._outlets = outlets
        self._schema = schema
        self._has_trials = has_trials
        self.live: Live | None = None
        self.proven: Live | None = None

    @property
    def published_at(self) -> float:
        """When this process published last."""
        return self._outlets.config.writer.published_at_ns / 1e9

    def publish(self, digest: str, origin: str, payload: bytes, config: Any) -> Live:
        """Publish a config and wake the workers."""
        version = self._outlets.config.writer.publish(payload)
        self._outlets.published.send()
        self.live = Live(version, digest, origin, payload, config)
        return self.live

    def publish_again(self, before: Live) -> Live:
        """Publish, as another version, what was published before."""
        return self.publish(before.digest, before.origin, before.payload, before.config)

    def confirm(self) -> None:
        """Note that the source holds what is live, wherever that came from."""
        assert self.live is not None
        self.live = replace(self.live, origin="source")
        if self.proven is not None and self.proven.digest == self.live.digest:
            self.proven = self.live

    def prove(self) -> None:
        """Keep what is live as what is proven."""
        self.proven = self.live
        self.mend_proven()

    def go_back(self) -> Live:
        """Publish what is proven again."""
        assert self.proven is not None
        self.proven = self.publish_again(self.proven)
        return self.proven

    def find_proven(self, noted: Proven) -> None:
        """Find what is proven, as far as it can be read and is what was noted."""
        if self.live is not None and self.live.digest == noted.digest:
            self.prove()
            return
        payload = self._proven_payload()
        if payload is not None and self.take_proven(payload, noted.origin):
            assert self.proven is not None
            if self.proven.digest != noted.digest:
                self.proven = None

    def take_proven(self, payload: bytes, origin: str) -> bool:
        """Take a payload for what is proven; return whether it fits the schema."""
        try:
            digest, config = self._schema.unpack(payload)
        except (CorruptRecordError, UnfitConfigError):
            return False
        self.proven = Live(0, digest, origin, payload, config)
        self.mend_proven()
        return True

    def mend_proven(self) -> None:
        """Have the record hold what is proven, whatever it holds now."""
        if not self._has_trials or self.proven is None:
            return
        if self._proven_payload() != self.proven.payload:
            self._outlets.proven.writer.publish(self.proven.payload)

    def _proven_payload(self) -> bytes | None:
        try:
            publication = self._outlets.proven.record.read()
        except CorruptRecordError:
            return None
        return publication.payload if publication is not None else None

    def resume(self, version_min: int, origin: str) -> float:
        """
        Find what is live, and return when it was published, 0.0 if nothing is.

        Args:
            version_min: a version that there was.
            origin: where it came from.

        Raises:
            CorruptRecordError: it is damaged, or was overwritten; nothing is live here,
                and the next version is newer than any that there was.
            UnfitConfigError: it was made by another schema; the same holds.
        """
        self._outlets.config.writer.skip(version_min)
        record = self._outlets.config.record
        if not record.is_whole(version_min):
            raise CorruptRecordError("it was overwritten by something else")
        publication = record.read()
        if publication is None:
            return 0.0
        digest, config = self._schema.unpack(publication.payload)
        version, payload = publication.version, publication.payload
        self.live = Live(version, digest, origin, payload, config)
        return publication.published_at_ns / 1e9

    def wake_workers(self) -> None:
        """Have them look: the publisher before may have died before it did."""
        self._outlets.published.send()

    def is_overwritten(self) -> bool:
        """Return whether others have written over what is live."""
        record, live = self._outlets.config.record, self.live
        return live is not None and not record.is_whole(live.version)
