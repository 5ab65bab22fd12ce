"""
The config that is live, in its record.

Owns: what is live; how it is published, and found again by a successor.
Must not know: the source, whether a config is good, what is logged.
Runs in: the publisher process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from liveconfig.errors import CorruptRecordError
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
    """

    def __init__(self, outlets: Outlets, schema: Schema[Any]) -> None:
        """Know of nothing yet."""
        self._outlets = outlets
        self._schema = schema
        self.live: Live | None = None

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
        """Have the source be where it comes from: that holds the same."""
        assert self.live is not None
        self.live = replace(self.live, origin="source")

    def resume(self, version_min: int, origin: str) -> float:
        """
        Find what is live, and return when it was published, 0.0 if nothing is.

        Args:
            version_min: a version that there was.
            origin: where it came from.

        Raises:
            CorruptRecordError: it is damaged, or was overwritten.
            UnfitConfigError: it was made by another schema.
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
