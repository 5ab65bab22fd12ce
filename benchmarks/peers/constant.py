"""
No config at all: one object in memory, behind a method.

Owns: the peer.
Must not know: any file.
Runs in: the workers of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from benchmarks.peers.peer import Holder, Peer


class Config:
    """A config with one value."""

    __slots__ = ("message",)

    def __init__(self) -> None:
        """Have the message that every server begins with."""
        self.message = "start"


class Constant(Peer):
    """What costs nothing and never changes."""

    title: ClassVar[str] = "constant"
    says: ClassVar[str] = "no config: an attribute through a method"
    expression: ClassVar[str] = "holder.get().message"

    def names(self) -> Mapping[str, Any]:
        """Make the object."""
        return {"holder": Holder(Config())}


PEER = Constant
