"""
`multiprocessing.Manager`: a dict in a process of its own, asked at every request.

Owns: the peer.
Must not know: what is measured.
Runs in: the master and the workers of a server.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from typing import Any, ClassVar

from benchmarks.peers import events
from benchmarks.peers.yaml_peer import YamlPeer


class ManagerDict(YamlPeer):
    """A dict proxy; one process watches and updates it."""

    title: ClassVar[str] = "mp.Manager"
    says: ClassVar[str] = "`multiprocessing.Manager().dict()`; one process watches"
    expression: ClassVar[str] = "shared['message']"

    def before_fork(self) -> None:
        """Start the manager's process, and the one that watches."""
        self._manager = multiprocessing.Manager()
        self._shared = self._manager.dict(self.load())
        events.watch_in_process(self.path, self._update)

    def _update(self) -> None:
        self._shared.update(self.load())

    def names(self) -> Mapping[str, Any]:
        """Hand out the dict that was inherited."""
        return {"shared": self._shared}


PEER = ManagerDict
