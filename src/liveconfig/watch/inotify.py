"""
Watches for one path in one inotify instance, and what its events mean.

Owns: inotify, which events are asked for, reading them. The door of pyinotify.
Must not know: when the action is called, what the file holds.
Runs in: the publisher, or wherever somebody uses `FileWatcher` alone.

The directories of the path are watched from the root down, then it is walked again: a
change from before its watch shows in the second walk, a later one makes an event.

The events are read here, because pyinotify's own reader stops at a name that is not
UTF-8 and only logs that events were lost.
"""

from __future__ import annotations

import ctypes
import enum
import os
import struct
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from liveconfig.errors import InotifyUnavailableError, printable
from liveconfig.watch.chain import DATA, FILE, Notice, Watch, walk
from liveconfig.watch.filesystems import kind_without_events

with warnings.catch_warnings():
    # It imports asyncore, which says that it will be gone.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pyinotify

# What it has to say is raised here as an error; it would print it on stderr as well.
pyinotify.log.disabled = True

_SELF = pyinotify.IN_DELETE_SELF | pyinotify.IN_MOVE_SELF
# A file that was moved away is not the file of the path any more, nor is it lost.
_FILE_SELF = pyinotify.IN_DELETE_SELF
_MASKS = {
    Notice.COMING: pyinotify.IN_CREATE | pyinotify.IN_MOVED_TO,
    Notice.GOING: pyinotify.IN_DELETE | pyinotify.IN_MOVED_FROM,
    Notice.WRITING: pyinotify.IN_MODIFY | pyinotify.IN_CLOSE_WRITE,
}

# `struct inotify_event`: watch descriptor, mask, cookie, length of the name.
_HEADER = struct.Struct("iIII")
# Many events at a time: whoever reads slowly loses some.
_READ_BYTES = 65536

# Each failed try means that the path changed while its watches were put up.
_TRIES_MAX = 20


class _Place(NamedTuple):
    # A file where the watch is `FILE`.
    directory: str
    watch: Watch


class DiskChange(enum.Flag):
    """What events mean for the loop."""

    NOTHING = 0
    SETTLING = enum.auto()
    UNCLOSED = enum.auto()
    AT_ONCE = enum.auto()
    MOVED = enum.auto()
    LOST = enum.auto()


class Inotify:
    """
    One inotify instance and the watches for one path.

    Attributes:
        descriptor: becomes readable when something happened; closed on exec.
    """

    def __init__(self) -> None:
        """
        Take an instance; nothing is watched yet.

        Raises:
            InotifyUnavailableError: the kernel gives none; nothing is left open.
        """
        try:
            self._manager = pyinotify.WatchManager()
        except (OSError, pyinotify.PyinotifyError) as error:
            raise InotifyUnavailableError(str(error)) from error
        self._places: dict[int, _Place] = {}
        self.descriptor: int = self._manager.get_fd()
        os.set_inheritable(self.descriptor, False)

    def close(self) -> None:
        """Give back the instance and all its watches."""
        self._manager.close()

    def arm(self, path: str) -> None:
        """
        Watch all that `path` hangs on, and nothing else.

        Raises:
            InotifyUnavailableError: the kernel gives no watch, or pyinotify cannot take
                the name of a directory; some watches are there.
        """
        wanted = walk(path)
        for _ in range(_TRIES_MAX):
            try:
                is_complete = self._watch(wanted)
            except (OSError, UnicodeEncodeError) as error:
                raise InotifyUnavailableError(str(error)) from error
            before, wanted = wanted, walk(path)
            if is_complete and wanted == before:
                break

    def blind_spot(self) -> str | None:
        """Return a place whose filesystem makes no events for others, and its kind."""
        for place in self._places.values():
            kind = kind_without_events(place.directory) if place.watch.notice else None
            if kind is not None:
                return f"{printable(place.directory)} ({kind})"
        return None

    def changes(self) -> Iterator[tuple[DiskChange, str]]:
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
            except (PermissionError, UnicodeEncodeError):
                # One may pass through a directory that one may not watch, and of a
                # file nearly all is seen by its directory.
                if watch.notice and watch != FILE:
                    raise
        for wd in self._places.keys() - places.keys():
            self._remove(wd)
        self._places = places
        return is_complete

    def _add(self, directory: str, watch: Watch) -> int:
        mask = pyinotify.IN_DONT_FOLLOW
        mask |= _FILE_SELF if watch == FILE else _SELF | pyinotify.IN_ONLYDIR
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

    def _change(self, wd: int, mask: int, name: str) -> DiskChange:
        if mask & pyinotify.IN_Q_OVERFLOW:
            return DiskChange.LOST
        place = self._places.get(wd)
        if place is None:
            return DiskChange.NOTHING
        if mask & (pyinotify.IN_IGNORED | pyinotify.IN_UNMOUNT):
            return DiskChange.LOST
        if mask & _SELF:
            # Removed here, so that the IN_IGNORED which follows is nothing new.
            self._remove(wd)
            # Its directory has an event for it too.
            is_file = place.watch == FILE
            return (
                DiskChange.NOTHING
                if is_file
                else DiskChange.MOVED | DiskChange.SETTLING
            )
        if not place.watch.concerns(name):
            return DiskChange.NOTHING
        return self._change_of_name(place, mask, name)

    def _change_of_name(self, place: _Place, mask: int, name: str) -> DiskChange:
        if mask & pyinotify.IN_MODIFY:
            return DiskChange.SETTLING | DiskChange.UNCLOSED
        if mask & pyinotify.IN_CLOSE_WRITE:
            return DiskChange.SETTLING
        there = os.path.join(place.directory, name)
        if mask & pyinotify.IN_MOVED_TO:
            is_alike = place.watch.still_fits(place.directory, name)
            if is_alike and (name == DATA or self._watch_instead(there)):
                return DiskChange.AT_ONCE
            return DiskChange.AT_ONCE | DiskChange.MOVED
        if mask & pyinotify.IN_CREATE:
            is_link = os.path.islink(there)
            return DiskChange.MOVED | (
                DiskChange.AT_ONCE if is_link else DiskChange.SETTLING
            )
        return DiskChange.MOVED | DiskChange.SETTLING

    def _watch_instead(self, path: str) -> bool:
        """Watch a file in the place of the one that was at `path`, if it can be."""
        before = [wd for wd, place in self._places.items() if place.directory == path]
        try:
            wd = self._add(path, FILE)
        except (OSError, UnicodeEncodeError):
            return False
        for old in before:
            if old != wd:
                self._remove(old)
        self._places[wd] = _Place(path, FILE)
        return True
