"""
The config that is live, for all or for one, and the one that is proven.

Owns: their records; how they are published, and found again by a successor.
Must not know: the source, whether a config is good, what is logged.
Runs in: the publisher process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from liveconfig.errors import CorruptRecordError, UnfitConfigError
from liveconfig.memory.record import Publication
from liveconfig.memory.status import PublisherStatus
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
        writers = self._outlets.config.writer, self._outlets.candidate.writer
        return max(each.published_at_ns for each in writers) / 1e9

    @property
    def version_of_all(self) -> int:
        """The newest version that is not for one worker alone."""
        return self._outlets.config.writer.version

    @property
    def is_offered(self) -> bool:
        """Whether what was published last is for one worker alone."""
        return self.live is not None and self.live.version > self.version_of_all

    @property
    def may_offer(self) -> bool:
        """Whether all have what is proven, so that one may try something else."""
        if self.live is None or self.proven is None:
            return False
        return self.is_offered or self.live.digest == self.proven.digest

    @property
    def addressee(self) -> int:
        """The process that may take what is offered, 0 for none."""
        return self._outlets.candidate.record.addressee

    def publish(
        self, digest: str, payload: bytes, config: Any, origin: str = "source"
    ) -> Live:
        """Publish a config for all and wake the workers."""
        above = self._outlets.candidate.writer.version
        version = self._outlets.config.writer.publish(payload, above)
        self._end_offer(version)
        self.live = Live(version, digest, origin, payload, config)
        return self.live

    def offer(self, digest: str, payload: bytes, config: Any) -> Live:
        """Publish a config for the addressee alone and wake it."""
        writer = self._outlets.candidate.writer
        version = writer.offer(payload, self.version_of_all)
        self._outlets.published.send()
        self.live = Live(version, digest, "source", payload, config)
        return self.live

    def address(self, pid: int) -> None:
        """Let one process take what is offered, instead of any other."""
        self._outlets.candidate.writer.address(pid)
        self._outlets.published.send()

    def promote(self) -> None:
        """Publish for all what was offered to one, if anything is."""
        if self.live is not None and self.is_offered:
            writer = self._outlets.config.writer
            version = writer.publish(self.live.payload, self.live.version - 1)
            self._end_offer(version)
            self.live = replace(self.live, version=version)

    def _end_offer(self, version: int) -> None:
        self._outlets.candidate.writer.end(version)
        self._outlets.published.send()

    def publish_again(self, before: Live) -> Live:
        """Publish, as another version, what was published before."""
        return self.publish(before.digest, before.payload, before.config, before.origin)

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

    def resume(self, version_min: int, status: PublisherStatus) -> float:
        """
        Find what is live, and return when it was published, 0.0 if nothing is.

        Args:
            version_min: a version that there was.
            status: as the publisher before has left it.

        Raises:
            CorruptRecordError: it is damaged, or was overwritten; nothing is live here,
                and the next version is newer than any that there was.
            UnfitConfigError: it was made by another schema; the same holds.
        """
        config, candidate = self._outlets.config, self._outlets.candidate
        is_tried, least = status.is_tried_by_one, status.version_of_all
        offered = self._offered(least)
        if offered is None and not is_tried:
            least = version_min
        config.writer.skip(least)
        if not config.record.is_whole(least):
            raise CorruptRecordError("it was overwritten by something else")
        publication = offered or config.record.read()
        if publication is None:
            return 0.0
        digest, value = self._schema.unpack(publication.payload)
        version, payload = publication.version, publication.payload
        self.live = Live(version, digest, status.origin, payload, value)
        if offered is None:
            if is_tried:
                candidate.writer.skip(version_min)
            candidate.writer.end(version)
        else:
            candidate.writer.offer_again()
        return publication.published_at_ns / 1e9

    def _offered(self, version_of_all: int) -> Publication | None:
        """Return what is for one worker alone, None where nothing is or can be read."""
        try:
            found = self._outlets.candidate.record.read()
        except CorruptRecordError:
            return None
        newest = max(self.version_of_all, version_of_all)
        return found if found is not None and found.version > newest else None

    def wake_workers(self) -> None:
        """Have them look: the publisher before may have died before it did."""
        self._outlets.published.send()

    def is_overwritten(self) -> bool:
        """Return whether others have written over what is live."""
        config, candidate = self._outlets.config, self._outlets.candidate
        if self.live is None:
            return False
        if not config.record.is_whole(config.writer.version):
            return True
        return self.is_offered and not candidate.record.offers(self.live.version)

    def restore(self) -> Live:
        """Publish again what others have written over."""
        assert self.live is not None
        config, live = self._outlets.config, self.live
        if not self.is_offered:
            return self.publish_again(live)
        if self.proven is not None and not config.record.is_whole(
            config.writer.version
        ):
            config.writer.publish(self.proven.payload, live.version)
        return self.offer(live.digest, live.payload, live.config)

    def mend_offer(self) -> None:
        """Have the record of a candidate be whole though it is of no use at present."""
        candidate = self._outlets.candidate
        if not self.is_offered and not candidate.record.is_whole(0):
            candidate.writer.publish(b"", self.version_of_all)
            candidate.writer.end(self.version_of_all)
