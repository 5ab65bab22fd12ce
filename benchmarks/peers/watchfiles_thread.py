"""
watchfiles (Rust) in a thread per worker, which parses on change.

Owns: the peer.
Must not know: what is measured.
Runs in: the workers of a server.

Its defaults: it looks every 50 ms whether events have come, and waits for more.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, ClassVar

import watchfiles

from benchmarks.peers.peer import Holder
from benchmarks.peers.yaml_peer import YamlPeer


class WatchfilesThread(YamlPeer):
    """Every worker watches and parses for itself."""

    title: ClassVar[str] = "watchfiles"
    says: ClassVar[str] = "a watchfiles thread per worker, which parses"
    expression: ClassVar[str] = "holder.get()['message']"

    def names(self) -> Mapping[str, Any]:
        """Load the config, and start to watch."""
        holder = Holder(self.load())
        threading.Thread(target=self._watch, args=(holder,), daemon=True).start()
        return {"holder": holder}

    def _watch(self, holder: Holder) -> None:
        for _ in watchfiles.watch(
            self.path.parent,
            watch_filter=lambda _, name: name.endswith("/..data"),
            recursive=False,
            raise_interrupt=False,
        ):
            holder.config = self.load()


PEER = WatchfilesThread
