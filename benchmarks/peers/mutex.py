"""
The article's first manager: a config behind a lock, and its watcher.

Owns: the peer.
Must not know: what is measured.
Runs in: the workers of a server.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, ClassVar

from benchmarks.peers import tick
from benchmarks.peers.yaml_peer import YamlPeer


class LockedManager:
    """A config that is read and replaced under a lock."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._lock = threading.Lock()
        self._config: Any = None

    def get(self) -> Any:
        """Return the config."""
        with self._lock:
            return self._config

    def set(self, config: Any) -> None:
        """Replace the config."""
        with self._lock:
            self._config = config


class Mutex(YamlPeer):
    """`threading.Lock` in every worker."""

    title: ClassVar[str] = "mutex, 1 s tick"
    says: ClassVar[str] = (
        "`threading.Lock`, and a thread per worker that looks each 1 s"
    )
    period_seconds: ClassVar[float] = tick.SECONDS
    expression: ClassVar[str] = "manager.get()['message']"

    def names(self) -> Mapping[str, Any]:
        """Make the manager and start its watcher."""
        manager = LockedManager()
        tick.watch(self, manager.set)
        return {"manager": manager}


PEER = Mutex
