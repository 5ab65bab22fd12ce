"""
What is proven, on its way into the cache and out of it.

Owns: when something is kept, and noting that it is or could not be.
Must not know: how the cache stores it, when it is needed.
Runs in: the publisher process.
"""

from __future__ import annotations

from typing import Any

from liveconfig.errors import CacheError, printable
from liveconfig.publishing import events
from liveconfig.publishing.cache import Cache
from liveconfig.publishing.journal import Journal
from liveconfig.publishing.releases import Releases
from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings


def cache_of(settings: Settings, schema: Schema[Any]) -> Cache | None:
    """Return the cache that the settings name, None for none."""
    if not settings.cache_dir:
        return None
    name, bytes_max = schema.name, settings.payload_bytes_max
    return Cache(settings.cache_dir, settings.path, name, bytes_max)


class Keeper:
    """Have the cache hold what is proven, whoever published it, if it can."""

    def __init__(
        self, cache: Cache | None, journal: Journal, releases: Releases
    ) -> None:
        """Use a cache, or None; nothing is kept yet."""
        self._cache = cache
        self._journal = journal
        self._releases = releases
        # The payload that is known to be in the cache.
        self._kept: bytes | None = None

    def keep(self) -> None:
        """Store what is proven, unless that is done."""
        proven = self._releases.proven
        if self._cache is None or proven is None or proven.payload is self._kept:
            return
        # Defaults are there anyway, and what is from the cache is in it.
        if proven.origin != "source":
            return
        try:
            self._cache.store(proven.payload)
        except (OSError, CacheError) as error:
            self._journal.note(events.NotKept(printable(str(error))))
        else:
            self._kept = proven.payload
            self._journal.note(events.Kept())

    def load(self) -> bytes | None:
        """Return what is kept, and note what of it cannot be used."""
        if self._cache is None:
            return None
        payload, problems = self._cache.load()
        for problem in problems:
            self._journal.note(events.CacheUnused(problem))
        return payload
