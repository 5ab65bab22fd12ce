"""
`multiprocessing.Value`: a version behind a lock that all processes share.

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


class Versioned:
    """A config that is loaded anew when the shared version is another one."""

    def __init__(self, peer: YamlPeer, version: Any) -> None:
        """Load the config of `peer`."""
        self._peer = peer
        self._version = version
        self._seen = -1
        self._config: Any = None

    def get(self) -> Any:
        """Return the newest config."""
        with self._version.get_lock():
            version = self._version.value
        if version != self._seen:
            self._config = self._peer.load()
            self._seen = version
        return self._config


class ValueWithLock(YamlPeer):
    """A number in shared memory; a value holds no text, so each worker parses."""

    title: ClassVar[str] = "mp.Value"
    says: ClassVar[str] = "a version in `multiprocessing.Value`; each worker parses"
    expression: ClassVar[str] = "versioned.get()['message']"

    def before_fork(self) -> None:
        """Make the version, and the process that watches and counts."""
        self._version = multiprocessing.Value("Q", 0)
        events.watch_in_process(self.path, self._count)

    def _count(self) -> None:
        with self._version.get_lock():
            self._version.value += 1

    def names(self) -> Mapping[str, Any]:
        """Make the versioned config."""
        return {"versioned": Versioned(self, self._version)}


PEER = ValueWithLock
