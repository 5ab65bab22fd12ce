"""
The thread of a worker that takes a new version when it is published.

Owns: that thread.
Must not know: what is published, what the application does with it.
Runs in: every worker.

Why a thread: a worker without requests would go on holding the old version, and one
with requests would decode the new one while a client waits. It sleeps in the kernel
until there is something to do, so it costs nothing while nothing changes.

Why `threading`: under gevent it is a greenlet that waits in gevent's own loop, so that
locks, such as those of `logging`, are of one kind in all of the worker.
"""

from __future__ import annotations

import threading

from liveconfig.memory.shared import SharedMemory
from liveconfig.processes.broadcast import Listener
from liveconfig.worker import turns
from liveconfig.worker.manager import log_slow_callbacks, refresh_all, start_callbacks
from liveconfig.worker.subscription import SLOW_SECONDS


def start(shared: SharedMemory) -> None:
    """
    Have this process hold the newest version from now on, and call its callbacks.

    Raises:
        OSError, RuntimeError: no descriptor or no thread is left; each manager
            takes a new version when it is asked, as it always does.
    """
    start_callbacks()
    listener = shared.published.listen()
    thread = threading.Thread(
        target=_follow, args=(shared, listener), name="liveconfig follower", daemon=True
    )
    try:
        thread.start()
    except RuntimeError:
        listener.close()
        raise
    turns.follow()


def _follow(shared: SharedMemory, listener: Listener) -> None:
    # Each look comes after the listening began or the last wait ended, so that no
    # version can be published unseen between the two.
    while True:
        turns.wait(shared)
        refresh_all()
        # Only a callback at work is looked after; nothing else wakes an idle worker.
        listener.wait(SLOW_SECONDS if log_slow_callbacks() else None)
