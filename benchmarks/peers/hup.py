"""
A reload of gunicorn on every change, as configmap-reload and its kind do it.

Owns: the peer.
Must not know: what is measured.
Runs in: the master and the workers of a server.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any, ClassVar

from benchmarks.peers import events
from benchmarks.peers.peer import Holder
from benchmarks.peers.yaml_peer import YamlPeer


class Hup(YamlPeer):
    """Workers load the config at their start; a process beside them sends SIGHUP."""

    title: ClassVar[str] = "HUP on change"
    says: ClassVar[str] = "one process watches and sends the master SIGHUP"
    expression: ClassVar[str] = "holder.get()['message']"
    restarts: ClassVar[bool] = True

    def before_fork(self) -> None:
        """Start the process that watches."""
        events.watch_in_process(self.path, lambda: os.kill(os.getppid(), signal.SIGHUP))

    def names(self) -> Mapping[str, Any]:
        """Load the config, for the life of this worker."""
        return {"holder": Holder(self.load())}


PEER = Hup
