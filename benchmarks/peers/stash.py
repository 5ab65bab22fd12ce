"""
gunicorn's own shared state: a stash in the dirty arbiter, asked at every request.

Owns: the peer, and the dirty application that fills the stash.
Must not know: what is measured.
Runs in: the dirty worker and the workers of a server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from gunicorn.dirty import DirtyApp, stash

from benchmarks.peers import events
from benchmarks.peers.yaml_peer import YamlPeer

_TABLE = "config"


class Stash(YamlPeer):
    """A table in the dirty arbiter; one dirty worker watches and fills it."""

    title: ClassVar[str] = "gunicorn stash"
    says: ClassVar[str] = "`gunicorn.dirty.stash`; a dirty worker watches"
    expression: ClassVar[str] = f"stash.get('{_TABLE}', 'message')"

    @property
    def settings(self) -> Mapping[str, Any]:
        """What starts the dirty arbiter."""
        application = f"{Watcher.__module__}:{Watcher.__name__}"
        return {"dirty_apps": [application], "dirty_workers": 1}

    def names(self) -> Mapping[str, Any]:
        """Hand out the stash."""
        return {"stash": stash}


class Watcher(DirtyApp):
    """Fills the stash, now and after every change."""

    def init(self) -> None:
        """Fill it, and start to watch."""
        self._peer = Stash(Path(os.environ["LIVECONFIG_PATH"]))
        self._fill()
        events.watch_in_threads(self._peer.path, self._fill)

    def _fill(self) -> None:
        for key, value in self._peer.load().items():
            stash.put(_TABLE, key, value)


PEER = Stash
