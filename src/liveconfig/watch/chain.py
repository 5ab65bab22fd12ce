"""
What has to be watched, so that no change of one path goes unnoticed.

Owns: the walk along directories and links, the directories and names that matter.
Must not know: how a directory is watched, what is done about a change.
Runs in: the publisher, or wherever somebody uses `FileWatcher` alone.

A path is a chain: directories, links out of them, and at the end a file or directory.
Whoever watches only the file misses the swap of a link before it, and whoever watches
everything wakes up for every stranger in /tmp. So the walk goes name by name, as the
kernel would, and asks of each directory only what could change the end of the chain.

A file at the end is watched as well. Whoever writes it by another name, which may be a
hard link or the other side of a mount, makes no event in the directory of this one.
"""

from __future__ import annotations

import contextlib
import enum
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from liveconfig.watch.mounts import mount_points

# The kubelet's link. Nothing behind it ever changes: a change is a new directory.
DATA = "..data"

# As many as the kernel follows.
_LINKS_MAX = 40


class Notice(enum.Flag):
    """What has to be seen of the names in a directory."""

    NOTHING = 0
    COMING = enum.auto()
    GOING = enum.auto()
    WRITING = enum.auto()


_ENTRY = Notice.COMING | Notice.GOING
_FILE = _ENTRY | Notice.WRITING


@dataclass(frozen=True)
class Watch:
    """
    What has to be seen of one directory; that it went away is seen in any case.

    Attributes:
        notice: what may happen to the names.
        names: those that matter; None stands for all.
    """

    notice: Notice = Notice.NOTHING
    names: frozenset[str] | None = frozenset()

    def __or__(self, other: Watch) -> Watch:
        """Return the watch that sees all that either of the two would."""
        if self.names is None or other.names is None:
            return Watch(self.notice | other.notice, None)
        return Watch(self.notice | other.notice, self.names | other.names)

    def concerns(self, name: str) -> bool:
        """Return True if `name` matters: of the kubelet's own names, only its link."""
        if self.names is None:
            return name == DATA or not name.startswith("..")
        return name in self.names

    def still_fits(self, directory: str, name: str) -> bool:
        """
        Return True if the watches are still right after `name` was replaced.

        Then no new walk is needed: for the kubelet's link, and for a plain file that
        the path ends at. Nearly every change is one of these two.
        """
        if self.names is None:
            return False
        if name == DATA:
            return True
        mode, *_ = _look(os.path.join(directory, name))
        return _FILE in self.notice and stat.S_ISREG(mode)


class Step(NamedTuple):
    """
    One name on the way to a path.

    Attributes:
        directory: the real directory in which it is.
        name: empty for the directory itself, where the way ends in one.
        mode: of the file, the directory or the link itself; 0 where there is none.
        changed_at_ns: when that was changed or put there.
        is_last: whether nothing follows, but what a link leads to.
    """

    directory: str
    name: str
    mode: int
    changed_at_ns: int
    is_last: bool


# What is seen of a file itself: its events come without a name.
FILE = Watch(Notice.WRITING, frozenset({""}))


def walk(path: str) -> dict[str, Watch]:
    """
    Return what has to be watched for an absolute `path`, by directory.

    The directories are real ones, without links in their names, the upper ones first;
    with `FILE` it may be a file. The walk ends at the first name that is not there, at
    a link named `..data`, and after as many links as the kernel would follow.

    Of a directory at its end, what the links in it lead to counts as well, and each
    file in it that has another name by now.
    """
    watches: dict[str, Watch] = {}
    directory = _follow(path, watches)
    if directory is not None:
        watch = _inside(directory)
        _add(watches, directory, watch)
        if watch.names is None:
            _add_entries(directory, watches)
    return watches


def steps(path: str, here: str = "/") -> Iterator[Step]:
    """
    Yield the names on the way to `path` from a real directory, as the kernel goes.

    It ends with a step that is no name where it ends in a directory; else at the first
    name that is none, and after as many links as the kernel would follow.
    """
    links = 0
    ahead = _parts(path)
    while ahead:
        name = ahead.pop()
        if name == "..":
            here = os.path.dirname(here)
            continue
        there = os.path.join(here, name)
        mode, changed_at_ns, target = _look(there)
        yield Step(here, name, mode, changed_at_ns, is_last=not ahead)
        if stat.S_ISDIR(mode):
            here = there
            continue
        links += 1
        if not target or links > _LINKS_MAX:
            return
        here = "/" if target.startswith("/") else here
        ahead += _parts(target)
    yield Step(here, "", stat.S_IFDIR, 0, is_last=True)


def _follow(path: str, watches: dict[str, Watch], here: str = "/") -> str | None:
    """Walk on from a real directory, and return the one where the walk ends, if any."""
    for step in steps(path, here):
        there = os.path.join(step.directory, step.name)
        names = frozenset({step.name})
        if not step.name:
            return step.directory
        if stat.S_ISDIR(step.mode):
            _add(watches, there, Watch())
        elif stat.S_ISLNK(step.mode):
            _add(watches, step.directory, Watch(_ENTRY, names))
            if step.name == DATA:
                return None
        else:
            notice = _ENTRY if step.mode else Notice.COMING
            notice |= Notice.WRITING if step.is_last else Notice.NOTHING
            _add(watches, step.directory, Watch(notice, names))
            if stat.S_ISREG(step.mode) and step.is_last:
                _add(watches, there, FILE)
    return None


def _add_entries(directory: str, watches: dict[str, Watch]) -> None:
    """Add what the entries of a directory need beyond the watch on itself."""
    mounted = mount_points()
    # What is not there any more, or may not be listed, needs nothing.
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(".."):
                continue
            if entry.is_symlink():
                _follow(entry.name, watches, directory)
            elif entry.is_file() and _has_other_names(entry, mounted):
                _add(watches, entry.path, FILE)


def _has_other_names(entry: os.DirEntry[str], mounted: set[str]) -> bool:
    # An entry that went away after it was listed has none.
    with contextlib.suppress(OSError):
        return entry.path in mounted or entry.stat().st_nlink > 1
    return False


def _parts(path: str) -> list[str]:
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _look(path: str) -> tuple[int, int, str]:
    """Return mode, time and, of a link, its target; nothing of what is not there."""
    try:
        status = os.lstat(path)
        target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
        return status.st_mode, status.st_ctime_ns, target
    except OSError:
        return 0, 0, ""


def _inside(directory: str) -> Watch:
    if os.path.islink(os.path.join(directory, DATA)):
        return Watch(_ENTRY, frozenset({DATA}))
    return Watch(_ENTRY | Notice.WRITING, None)


def _add(watches: dict[str, Watch], directory: str, watch: Watch) -> None:
    watches[directory] = watches.get(directory, Watch()) | watch
