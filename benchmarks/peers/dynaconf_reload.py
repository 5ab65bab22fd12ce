"""
dynaconf, reloaded on change.

Owns: the peer.
Must not know: what is measured.
Runs in: the workers of a server.

JSON is the format that it loads fastest. Its `reload()` forgets all values before it
loads them again, so a request that comes meanwhile fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dynaconf import Dynaconf

from benchmarks.peers import events
from benchmarks.peers.peer import Peer


class DynaconfReload(Peer):
    """Its `reload()` in a thread per worker."""

    title: ClassVar[str] = "dynaconf, reload()"
    says: ClassVar[str] = "a watchdog observer per worker calls its `reload()`; JSON"
    key: ClassVar[str] = "config.json"
    expression: ClassVar[str] = "settings.MESSAGE"

    def names(self) -> Mapping[str, Any]:
        """Load the settings, and start to watch."""
        settings = Dynaconf(settings_files=[str(self.path)], core_loaders=["JSON"])
        assert settings.MESSAGE
        events.watch_in_threads(self.path, settings.reload)
        return {"settings": settings}


PEER = DynaconfReload
