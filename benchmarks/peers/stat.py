"""
A look at the file's identity at every request, and a parse when it is another.

Owns: the peer.
Must not know: any event.
Runs in: the workers of a server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from benchmarks.peers.yaml_peer import YamlPeer


class Checked:
    """A config that is checked for its age whenever it is asked for."""

    def __init__(self, peer: YamlPeer) -> None:
        """Load the config of `peer`."""
        self._peer = peer
        self._seen: tuple[int, ...] = ()
        self._config: Any = None

    def get(self) -> Any:
        """Return the config as it is in the file."""
        found = os.stat(self._peer.path)
        identity = (found.st_ino, found.st_mtime_ns, found.st_size)
        if identity != self._seen:
            self._config = self._peer.load()
            self._seen = identity
        return self._config


class Stat(YamlPeer):
    """One system call for each request."""

    title: ClassVar[str] = "stat"
    says: ClassVar[str] = "`os.stat` at every request, parses on change"
    expression: ClassVar[str] = "checked.get()['message']"

    def names(self) -> Mapping[str, Any]:
        """Make the checked config."""
        return {"checked": Checked(self)}


PEER = Stat
