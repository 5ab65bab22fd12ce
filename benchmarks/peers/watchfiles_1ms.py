"""
watchfiles with the shortest delay that it can be given.

Owns: the peer.
Must not know: what is measured.
Runs in: the workers of a server.

It then wakes up a thousand times a second in every worker, which the row `rest` shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from benchmarks.peers.watchfiles_thread import WatchfilesThread


class Watchfiles1Ms(WatchfilesThread):
    """The same, and it looks each millisecond."""

    title: ClassVar[str] = "watchfiles, 1 ms"
    says: ClassVar[str] = "the same with `step=1, debounce=1`"
    timing: ClassVar[Mapping[str, int]] = {"step": 1, "debounce": 1}


PEER = Watchfiles1Ms
