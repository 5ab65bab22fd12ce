"""
watchdog in every worker, which parses on change.

Owns: the peer.
Must not know: what is measured.
Runs in: the workers of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from benchmarks.peers import events
from benchmarks.peers.peer import Holder
from benchmarks.peers.yaml_peer import YamlPeer


class WatchdogThread(YamlPeer):
    """Every worker watches and parses for itself."""

    title: ClassVar[str] = "watchdog"
    says: ClassVar[str] = "a watchdog observer per worker, which parses"
    expression: ClassVar[str] = "holder.get()['message']"

    def names(self) -> Mapping[str, Any]:
        """Load the config, and start to watch."""
        holder = Holder(self.load())

        def reload() -> None:
            holder.config = self.load()

        events.watch_in_threads(self.path, reload)
        return {"holder": holder}


PEER = WatchdogThread
