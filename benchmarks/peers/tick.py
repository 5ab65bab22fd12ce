"""
The article's watcher: a thread that looks at the file once a second.

Owns: the thread.
Must not know: what is done with a config.
Runs in: the workers of the servers that use it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks.peers.yaml_peer import YamlPeer

SECONDS = 1.0


def watch(peer: YamlPeer, take: Callable[[Any], None]) -> None:
    """Load the config of `peer` now and whenever its file changed, in a thread."""
    seen = os.stat(peer.path).st_mtime_ns
    take(peer.load())

    def tick(seen: int) -> None:
        while True:
            time.sleep(SECONDS)
            with contextlib.suppress(FileNotFoundError):
                found = os.stat(peer.path).st_mtime_ns
                if found != seen:
                    take(peer.load())
                    seen = found

    threading.Thread(target=tick, args=(seen,), daemon=True).start()
