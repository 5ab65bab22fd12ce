"""
The guard at the publisher's door: no change that goes further than the operator allows.

Owns: which config a new one is compared with, and which ones pass anyway.
Must not know: how two configs are compared, what becomes of a refusal.
Runs in: the publisher process.

What was live before may come back, however far away it is: nobody who takes a change
back is held up.
"""

from __future__ import annotations

from typing import Any

from liveconfig.errors import CorruptRecordError, UnfitConfigError
from liveconfig.memory.history import History
from liveconfig.publishing.cache import Cache
from liveconfig.publishing.releases import Live
from liveconfig.reading.against import Before, guards, refusals
from liveconfig.reading.loader import Candidate
from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings


class Guard:
    """Refuse what is too far from the config before."""

    def __init__(
        self, settings: Settings, schema: Schema[Any], cache: Cache | None
    ) -> None:
        """
        Prepare to compare; with no limit in the settings nothing ever is.

        Args:
            settings: with the limits.
            schema: of all configs.
            cache: holds what was good before this service started, if anything does.
        """
        self._guards = guards(settings)
        self._schema = schema
        self._cache = cache

    def require_near(
        self, candidate: Candidate[Any], live: Live | None, history: History
    ) -> None:
        """
        Return if a config may take the place of the one before.

        Args:
            candidate: the config.
            live: what was published last; None where nothing was since the start, and
                what is in the cache is the one before.
            history: what was live.

        Raises:
            InvalidConfigError: it goes too far; names file, line, key and both figures.
        """
        if not self._guards.has_limit:
            return
        before = self._cached() if live is None else self._live(live, history)
        if before is not None:
            for refusal in refusals(candidate, before, self._guards, self._schema):
                raise refusal

    def _live(self, live: Live, history: History) -> Before | None:
        # Defaults were written by nobody who is here: any source is far from them.
        if live.origin == "defaults":
            return None
        outline = self._schema.outline(live.config)
        known = {e.digest for e in history.entries if e.kind == "published"}
        return Before(f"version {live.version}", outline, known)

    def _cached(self) -> Before | None:
        payload, _ = self._cache.load() if self._cache else (None, ())
        if payload is None:
            return None
        try:
            _, config = self._schema.unpack(payload)
        except (CorruptRecordError, UnfitConfigError):
            # Nothing that this class could be compared with.
            return None
        return Before("the last good config on disk", self._schema.outline(config))
