"""
liveconfig itself, as its README says: one line in gunicorn's config, one manager.

Owns: the peer.
Must not know: how liveconfig works.
Runs in: the master and the workers of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from benchmarks.peers.peer import Peer
from liveconfig import ConfigManager
from liveconfig import gunicorn as hooks


class Entry(msgspec.Struct, frozen=True):
    """One entry of a config."""

    title: str
    is_enabled: bool
    weight: float
    text: str


class Config(msgspec.Struct, frozen=True):
    """The config."""

    message: str
    entries: Mapping[str, Entry] = {}


class Liveconfig(Peer):
    """One publisher, shared memory, a snapshot in each worker."""

    title: ClassVar[str] = "**liveconfig**"
    says: ClassVar[str] = "one publisher; `manager.get()` compares one number"
    expression: ClassVar[str] = "manager.get().message"

    @property
    def settings(self) -> Mapping[str, Any]:
        """What `from liveconfig.gunicorn import *` brings into the config file."""
        return {name: getattr(hooks, name) for name in hooks.__all__}

    def environ(self, place: Path) -> Mapping[str, str]:
        """Name the class of the configs; no safety poll falls into a measurement."""
        schema = f"{Config.__module__}:{Config.__name__}"
        return {
            "LIVECONFIG_SCHEMA": schema,
            "LIVECONFIG_POLL_SECONDS": "3600",
            # Over before it is measured what is done at rest.
            "LIVECONFIG_TRIAL_SECONDS": "1",
        }

    def names(self) -> Mapping[str, Any]:
        """Make the manager."""
        return {"manager": ConfigManager(Config)}


PEER = Liveconfig
