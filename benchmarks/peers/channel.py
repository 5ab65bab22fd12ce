"""
The article's second manager: a thread that owns the config and answers over a queue.

Owns: the peer.
Must not know: what is measured.
Runs in: the workers of a server.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any, ClassVar

from benchmarks.peers import tick
from benchmarks.peers.yaml_peer import YamlPeer

# A message to the owner: where to put the config, or the config that replaces it.
_Message = tuple["SimpleQueue[Any] | None", Any]


class ChannelManager:
    """A config that only its own thread touches."""

    def __init__(self) -> None:
        """Start the thread."""
        self._messages: SimpleQueue[_Message] = SimpleQueue()
        threading.Thread(target=self._own, daemon=True).start()

    def get(self) -> Any:
        """Ask the owner for the config."""
        reply: SimpleQueue[Any] = SimpleQueue()
        self._messages.put((reply, None))
        return reply.get()

    def set(self, config: Any) -> None:
        """Send the owner another config."""
        self._messages.put((None, config))

    def _own(self) -> None:
        config: Any = None
        while True:
            reply, newer = self._messages.get()
            if reply is None:
                config = newer
            else:
                reply.put(config)


class Channel(YamlPeer):
    """`queue` and an owner thread in every worker."""

    title: ClassVar[str] = "channel, 1 s tick"
    says: ClassVar[str] = "`queue.SimpleQueue` and an owner thread, same watcher"
    period_seconds: ClassVar[float] = tick.SECONDS
    expression: ClassVar[str] = "manager.get()['message']"

    def names(self) -> Mapping[str, Any]:
        """Make the manager and start its watcher."""
        manager = ChannelManager()
        tick.watch(self, manager.set)
        return {"manager": manager}


PEER = Channel
