"""
`FileWatcher`: from what happens on the disk to one call, "it may have changed".

Owns: inotify, the watches, settling, the fall back to polling. The door of pyinotify.
Must not know: what the file holds, what the action does.
Runs in: the publisher, or wherever somebody uses `FileWatcher` alone.

| what happens on the way to the path     | the action is called |
| --------------------------------------- | -------------------- |
| a rename into place, a new link: atomic | at once              |
| a plain write, a new file or directory  | `settle_ms` later    |
| a write without a close                 | at most 1 s later    |
| something is deleted or renamed away    | `settle_ms` later    |
| events or a watch were lost             | at once              |
| nothing                                 | after `poll_seconds` |

The directories of the path are watched from the root down, then it is walked again: a
change from before its watch shows in the second walk, a later one makes an event. What
links *inside* a watched directory lead to is seen with the next poll only.

The events are read here, because pyinotify's own reader stops at a name that is not
UTF-8 and only logs that events were lost.
"""

from __future__ import annotations

import ctypes
import enum
import logging
import math
import os
import select
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

from liveconfig.chain import DATA, Notice, Watch, walk

with warnings.catch_warnings():
    # It imports asyncore, which says that it will be gone.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pyinotify

# What it has to say is raised here as an error; it would print it on stderr as well.
pyinotify.log.disabled = True

_SELF = pyinotify.IN_DELETE_SELF | pyinotify.IN_MOVE_SELF
_MASKS = {
    Notice.COMING: pyinotify.IN_CREATE | pyinotify.IN_MOVED_TO,
    Notice.GOING: pyinotify.IN_DELETE | pyinotify.IN_MOVED_FROM,
    Notice.WRITING: pyinotify.IN_MODIFY | pyinotify.IN_CLOSE_WRITE,
}

# `struct inotify_event`: watch descriptor, mask, cookie, length of the name.
_HEADER = struct.Struct("iIII")
_READ_BYTES = 65536

# Each failed try means that the path changed while its watches were put up.
_TRIES_MAX = 20

_POLLING_SECONDS = 1.0
_UNCLOSED_SETTLES = 20
_SETTLING_SECONDS_MAX = 1.0

log = logging.getLogger("liveconfig.watcher")


class _Place(NamedTuple):
    directory: str
    watch: Watch


class _Change(enum.Flag):
    """What events mean for the loop."""

    NOTHING = 0
    SETTLING = enum.auto()
    UNCLOSED = enum.auto()
    AT_ONCE = enum.auto()
    MOVED = enum.auto()
    LOST = enum.auto()


class _Inotify:
    """One inotify instance and the watches for one path."""

    def __init__(self) -> None:
        self._manager = pyinotify.WatchManager()
        self._places: dict[int, _Place] = {}
        self.descriptor: int = self._manager.get_fd()
        os.set_inheritable(self.descriptor, False)

    def close(self) -> None:
        self._manager.close()

    def arm(self, path: str) -> None:
        """
        Watch all that `path` hangs on, and nothing else.

        Raises:
            OSError: a watch is not to be had; some others are there.
            UnicodeEncodeError: the name of a directory is not for pyinotify.
        """
        wanted = walk(path)
        for _ in range(_TRIES_MAX):
            is_complete = self._watch(wanted)
            before, wanted = wanted, walk(path)
            if is_complete and wanted == before:
                break

    def forget(self) -> None:
        """Take all watches away, and with them the meaning of all pending events."""
        for wd in list(self._places):
            self._remove(wd)

    def changes(self) -> Iterator[tuple[_Change, str]]:
        """Read what happened, without waiting: each change and the name it is about."""
        data = os.read(self.descriptor, _READ_BYTES)
        start = 0
        while start < len(data):
            wd, mask, _, length = _HEADER.unpack_from(data, start)
            start += _HEADER.size + length
            name = os.fsdecode(data[start - length : start].rstrip(b"\0"))
            yield self._change(wd, mask, name), name

    def _watch(self, wanted: dict[str, Watch]) -> bool:
        """Put up the watches; one that is there already keeps its descriptor."""
        places: dict[int, _Place] = {}
        is_complete = True
        for directory, watch in wanted.items():
            try:
                wd = self._add(directory, watch)
                if wd in places:
                    # The same directory, mounted in two places on the way.
                    watch |= places[wd].watch
                    self._add(directory, watch)
                places[wd] = _Place(directory, watch)
            except (FileNotFoundError, NotADirectoryError):
                is_complete = False
            except PermissionError:
                # One may pass through a directory that one may not watch.
                if watch.notice:
                    raise
        for wd in self._places.keys() - places.keys():
            self._remove(wd)
        self._places = places
        return is_complete

    def _add(self, directory: str, watch: Watch) -> int:
        mask = _SELF | pyinotify.IN_ONLYDIR | pyinotify.IN_DONT_FOLLOW
        for notice, events in _MASKS.items():
            mask |= events if notice in watch.notice else 0
        wd: int = self._manager.add_watch(directory, mask)[directory]
        if wd < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), directory)
        return wd

    def _remove(self, wd: int) -> None:
        del self._places[wd]
        self._manager.rm_watch(wd)
        # It keeps what the kernel no longer knows.
        self._manager.watches.pop(wd, None)

    def _change(self, wd: int, mask: int, name: str) -> _Change:
        if mask & pyinotify.IN_Q_OVERFLOW:
            return _Change.LOST
        place = self._places.get(wd)
        if place is None:
            return _Change.NOTHING
        if mask & (pyinotify.IN_IGNORED | pyinotify.IN_UNMOUNT):
            return _Change.LOST
        if mask & _SELF:
            # Removed here, so that the IN_IGNORED which follows is nothing new.
            self._remove(wd)
            return _Change.MOVED | _Change.SETTLING
        if not place.watch.concerns(name):
            return _Change.NOTHING
        return _change_of_name(place, mask, name)


def _change_of_name(place: _Place, mask: int, name: str) -> _Change:
    if mask & pyinotify.IN_MODIFY:
        return _Change.SETTLING | _Change.UNCLOSED
    if mask & pyinotify.IN_CLOSE_WRITE:
        return _Change.SETTLING
    if mask & pyinotify.IN_MOVED_TO:
        is_flip = name == DATA and place.watch.names is not None
        return _Change.AT_ONCE | (_Change.NOTHING if is_flip else _Change.MOVED)
    if mask & pyinotify.IN_CREATE:
        is_link = os.path.islink(os.path.join(place.directory, name))
        return _Change.MOVED | (_Change.AT_ONCE if is_link else _Change.SETTLING)
    return _Change.MOVED | _Change.SETTLING


class _Settling:
    """When a burst of plain writes is over; `due` is never while there is none."""

    def __init__(self, settle_ms: float) -> None:
        self._quiet = settle_ms / 1000
        self._longest = max(self._quiet, _SETTLING_SECONDS_MAX)
        self._unclosed_quiet = min(self._quiet * _UNCLOSED_SETTLES, self._longest)
        self.clear()

    def clear(self) -> None:
        self.due = math.inf
        self._began = math.inf
        self._unclosed: set[str] = set()

    def note(self, now: float, name: str, is_unclosed: bool) -> None:
        self._began = min(self._began, now)
        if is_unclosed:
            self._unclosed.add(name)
        else:
            self._unclosed.discard(name)
        quiet = self._unclosed_quiet if self._unclosed else self._quiet
        self.due = min(now + quiet, self._began + self._longest)


class FileWatcher:
    """
    Call an action whenever a file or directory may have changed.

    ```
    with FileWatcher("/etc/config/config.yaml", reread):
        serve()
    ```

    The path need not exist. The action may be called when nothing changed, never the
    other way round: whatever changes after the watcher was made, a call follows.
    """

    _RETRY_SECONDS = 30.0

    def __init__(
        self,
        path: str | os.PathLike[str],
        action: Callable[[], object],
        *,
        settle_ms: float = 50,
        poll_seconds: float = 60,
        on_mode_change: Callable[[str, str], None] | None = None,
    ) -> None:
        """
        Watch `path` from now on; `run` or `start` has the action called.

        Args:
            path: the file or directory, wherever links lead it.
            action: called without arguments, once for a burst of changes.
            settle_ms: how long plain writes must be quiet, in milliseconds.
            poll_seconds: the longest time without a call, in seconds.
            on_mode_change: called with the new mode and the reason; from here already
                if inotify is not to be had.
        """
        self._path = os.path.join(os.getcwd(), path)
        self._action = action
        self._poll_seconds = poll_seconds
        self._on_mode_change = on_mode_change
        self._settling = _Settling(settle_ms)
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._mode = "inotify"
        self._inotify: _Inotify | None = None
        self._retry_at = 0.0
        self._acted_at = time.monotonic()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poller = select.poll()
        self._poller.register(self._wake, select.POLLIN)
        self._arm()

    @property
    def mode(self) -> str:
        """`inotify`, or `polling` once a second while inotify is not to be had."""
        return self._mode

    def run(self) -> None:
        """
        Call the action for each change, until `stop`; what the action raises ends it.
        """
        while True:
            timeout_ms = max(0.0, self._deadline() - time.monotonic()) * 1000
            ready = {descriptor for descriptor, _ in self._poller.poll(timeout_ms)}
            if self._wake in ready:
                return
            if ready and self._take_changes():
                self._act()
            elif time.monotonic() >= self._deadline():
                # Renewed because a mount, for one, makes no event.
                self._arm()
                self._act()

    def stop(self) -> None:
        """
        End `run`, now or as soon as it begins; the action is not called any more.

        May be called from anywhere: a signal handler, a thread, the action, twice.
        """
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def start(self) -> FileWatcher:
        """Run in a daemon thread until `close`, and return the watcher."""
        assert self._thread is None, "the watcher was started already"
        self._thread = threading.Thread(
            target=self._run_in_thread, name="file-watcher", daemon=True
        )
        self._thread.start()
        return self

    def close(self) -> None:
        """
        Stop, wait for the thread of `start`, free all descriptors; twice is once.

        Not for the action: it ends the watcher with `stop`.

        Raises:
            Exception: what the action raised in the thread, where it was logged when
                it ended the thread; everything is freed.
        """
        self.stop()
        if self._thread is not None:
            self._thread.join()
        self._disarm()
        wake, self._wake = self._wake, -1
        if wake >= 0:
            os.close(wake)
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __enter__(self) -> FileWatcher:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run_in_thread(self) -> None:
        try:
            self.run()
        except Exception as error:
            log.exception("the watcher of %s has ended", self._path)
            self._error = error

    def _deadline(self) -> float:
        seconds = self._poll_seconds
        if self._inotify is None:
            seconds = min(seconds, _POLLING_SECONDS)
        return min(self._settling.due, self._acted_at + seconds)

    def _act(self) -> None:
        self._settling.clear()
        self._action()
        self._acted_at = time.monotonic()

    def _take_changes(self) -> bool:
        """Take in what happened, and tell whether to act at once."""
        assert self._inotify is not None
        now = time.monotonic()
        changes = _Change.NOTHING
        for change, name in self._inotify.changes():
            changes |= change
            if _Change.SETTLING in change:
                self._settling.note(now, name, _Change.UNCLOSED in change)
        if _Change.LOST in changes:
            self._inotify.forget()
        if changes & (_Change.LOST | _Change.MOVED):
            self._arm()
        return bool(changes & (_Change.LOST | _Change.AT_ONCE))

    def _arm(self) -> None:
        """Put up or renew the watches, or poll until the next try."""
        now = time.monotonic()
        if self._inotify is None and now < self._retry_at:
            return
        try:
            if self._inotify is None:
                self._inotify = _Inotify()
                self._poller.register(self._inotify.descriptor, select.POLLIN)
            self._inotify.arm(self._path)
        except (OSError, UnicodeEncodeError, pyinotify.PyinotifyError) as error:
            self._disarm()
            self._retry_at = now + self._RETRY_SECONDS
            self._set_mode("polling", str(error))
        else:
            self._set_mode("inotify", "inotify is to be had again")

    def _disarm(self) -> None:
        inotify, self._inotify = self._inotify, None
        if inotify is not None:
            self._poller.unregister(inotify.descriptor)
            inotify.close()

    def _set_mode(self, mode: str, reason: str) -> None:
        if mode != self._mode:
            self._mode = mode
            if self._on_mode_change is not None:
                self._on_mode_change(mode, reason)
