"""
`multiprocessing.shared_memory`: the parsed config as bytes, behind one lock for all.

Owns: the peer.
Must not know: what is measured.
Runs in: the master and the workers of a server.

The segment is a version of 8 bytes, a length of 8 bytes, and a pickle.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable, Mapping
from multiprocessing.shared_memory import SharedMemory
from typing import Any, ClassVar

from benchmarks.peers import events
from benchmarks.peers.yaml_peer import YamlPeer

_BYTES_MAX = 4 * 1024 * 1024
_HEADER_BYTES = 16


class Segment:
    """A config in shared memory that one process writes and all read."""

    def __init__(self) -> None:
        """Make the segment and its lock."""
        self._memory = SharedMemory(create=True, size=_BYTES_MAX)
        self._lock = multiprocessing.Lock()
        self._header = self._memory.buf[:_HEADER_BYTES].cast("Q")
        self._seen = -1
        self._config: Any = None

    def write(self, config: Any) -> None:
        """Replace the config."""
        payload = pickle.dumps(config, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._memory.buf[_HEADER_BYTES : _HEADER_BYTES + len(payload)] = payload
            self._header[1] = len(payload)
            self._header[0] += 1

    def get(self) -> Any:
        """Return the newest config."""
        with self._lock:
            if self._header[0] != self._seen:
                end = _HEADER_BYTES + self._header[1]
                self._config = pickle.loads(self._memory.buf[_HEADER_BYTES:end])
                self._seen = self._header[0]
        return self._config

    def unlink(self) -> None:
        """Give the segment's name back."""
        self._memory.unlink()


class SharedSegment(YamlPeer):
    """Parsed once, unpickled once in every worker, locked at every request."""

    title: ClassVar[str] = "mp.shared_memory"
    says: ClassVar[str] = "a pickle in `shared_memory` behind a `Lock`; one parses"
    expression: ClassVar[str] = "segment.get()['message']"

    @property
    def settings(self) -> Mapping[str, Any]:
        """What gives the segment back at the end."""
        master = os.getpid()

        def on_exit(server: object) -> None:
            if os.getpid() == master:
                self._segment.unlink()

        hook: Callable[[object], None] = on_exit
        return {"on_exit": hook}

    def before_fork(self) -> None:
        """Make the segment, and the process that watches and parses."""
        self._segment = Segment()
        self._update()
        events.watch_in_process(self.path, self._update)

    def _update(self) -> None:
        self._segment.write(self.load())

    def names(self) -> Mapping[str, Any]:
        """Hand out the segment that was inherited."""
        return {"segment": self._segment}


PEER = SharedSegment
