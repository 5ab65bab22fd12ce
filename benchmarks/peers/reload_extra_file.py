"""
gunicorn's `--reload-extra-file`: every worker watches, and ends on a change.

Owns: the peer.
Must not know: what is measured.
Runs in: the workers of a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

# The library that gunicorn's inotify engine is made of.
import inotify.adapters  # noqa: F401

from benchmarks.peers.peer import Holder
from benchmarks.peers.yaml_peer import YamlPeer


class ReloadExtraFile(YamlPeer):
    """Workers load the config at their start; gunicorn restarts them."""

    title: ClassVar[str] = "--reload-extra-file"
    says: ClassVar[str] = "gunicorn's reloader, with its inotify engine"
    expression: ClassVar[str] = "holder.get()['message']"
    restarts: ClassVar[bool] = True

    @property
    def settings(self) -> Mapping[str, Any]:
        """What turns the reloader on."""
        return {
            "reload": True,
            "reload_engine": "inotify",
            "reload_extra_files": [str(self.path)],
        }

    def names(self) -> Mapping[str, Any]:
        """Load the config, for the life of this worker."""
        return {"holder": Holder(self.load())}


PEER = ReloadExtraFile
