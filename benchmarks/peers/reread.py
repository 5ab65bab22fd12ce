"""
The freshest peer there can be: it reads and parses the file at every request.

Owns: the peer.
Must not know: any change.
Runs in: the workers of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from benchmarks.peers.yaml_peer import YamlPeer


class Reread(YamlPeer):
    """No delay, at full cost."""

    title: ClassVar[str] = "re-read"
    says: ClassVar[str] = "reads and parses the file at every request"
    expression: ClassVar[str] = "load()['message']"

    def names(self) -> Mapping[str, Any]:
        """Hand out the loading."""
        return {"load": self.load}


PEER = Reread
