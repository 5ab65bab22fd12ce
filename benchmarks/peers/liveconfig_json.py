"""
liveconfig with a source in JSON, which is parsed many times as fast as YAML.

Owns: the peer.
Must not know: how liveconfig works.
Runs in: the master and the workers of a server.
"""

from __future__ import annotations

from typing import ClassVar

from benchmarks.peers.liveconfig import Liveconfig


class LiveconfigJson(Liveconfig):
    """The same, with another file."""

    title: ClassVar[str] = "**liveconfig**, JSON"
    says: ClassVar[str] = "the same, with a source in JSON"
    key: ClassVar[str] = "config.json"


PEER = LiveconfigJson
