"""
sentry-options, notified of every change: no read looks at the file, and none is late.

Owns: the peer.
Must not know: what is measured.
Runs in: the workers of a server.

Its documentation names `refresh()` for this; what calls it at a change is watchdog.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import sentry_options

from benchmarks.peers import events
from benchmarks.peers.sentry_options import NAMESPACE, SentryOptions


class SentryOptionsRefresh(SentryOptions):
    """Its `refresh()` in a thread per worker, and no look at a read."""

    title: ClassVar[str] = "sentry-options, refresh()"
    says: ClassVar[str] = "a watchdog observer per worker calls its `refresh()`"
    period_seconds: ClassVar[float] = 0.0

    def names(self) -> Mapping[str, Any]:
        """Read schemas and values, and start to watch."""
        sentry_options.init(refresh_threshold=None)
        events.watch_in_threads(self.path, sentry_options.refresh)
        return {"options": sentry_options.options(NAMESPACE)}


PEER = SentryOptionsRefresh
