"""
The watcher of every peer that brings none: watchdog, which sleeps until an event comes.

Owns: which event counts; a process beside the workers that waits for it.
Must not know: what is done on a change.
Runs in: threads of a worker, or a process that the gunicorn master forks.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from watchdog.events import DirMovedEvent, FileMovedEvent, FileSystemEventHandler
from watchdog.observers import Observer

_PR_SET_PDEATHSIG = 1


class FlipHandler(FileSystemEventHandler):
    """
    Calls something after every flip of a volume.

    The rename of one link is the only event that counts: without the choice each flip
    would be several changes, and several parses.
    """

    def __init__(self, changed: Callable[[], object]) -> None:
        """Call `changed`."""
        self._changed = changed

    def on_moved(self, event: DirMovedEvent | FileMovedEvent) -> None:
        """Call it if this is the link that the kubelet renames."""
        if str(event.dest_path).endswith("/..data"):
            self._changed()


def watch_in_threads(path: Path, changed: Callable[[], object]) -> None:
    """Call `changed` after every flip of the volume that `path` is in, for ever."""
    observer = Observer()
    observer.schedule(FlipHandler(changed), str(path.parent), recursive=False)
    observer.daemon = True
    observer.start()


def watch_in_process(path: Path, changed: Callable[[], object]) -> None:
    """Do so in a child of this process, which ends with it."""
    parent = os.getpid()
    if os.fork() != 0:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == parent:
        watch_in_threads(path, changed)
        threading.Event().wait()
    os._exit(0)
