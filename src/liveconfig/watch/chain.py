"""
What has to be watched, so that no change of one path goes unnoticed.

Owns: the walk along directories and links, the directories and names that matter.
Must not know: how a directory is watched, what is done about a change.
Runs in: the publisher.

A path is a chain: directories, links out of them, and at the end a file or directory.
Whoever watches only the file misses the swap of a link before it, and whoever watches
everything wakes up for every stranger in /tmp. So the walk goes name by name, as the
kernel would, and asks of each directory only what could change the end of the chain.
"""

from __future__ import annotations

import enum
import os
import stat
from dataclasses import dataclass

# The kubelet's link. Nothing behind it ever changes: a change is a new directory.
DATA = "..data"

# As many as the kernel follows.
_LINKS_MAX = 40


class Notice(enum.Flag):
    """What a directory has to tell about the names in it."""

    NOTHING = 0
    COMING = enum.auto()
    GOING = enum.auto()
    WRITING = enum.auto()


_ENTRY = Notice.COMING | Notice.GOING
_FILE = _ENTRY | Notice.WRITING


@dataclass(frozen=True)
class Watch:
    """
    What one directory has to tell; that it went away itself, it always tells.

    Attributes:
        notice: what may happen to the names.
        names: those that matter; None stands for all.
    """

    notice: Notice = Notice.NOTHING
    names: frozenset[str] | None = frozenset()

    def __or__(self, other: Watch) -> Watch:
        """Return the watch that tells all that either of the two would."""
        if self.names is None or other.names is None:
            return Watch(self.notice | other.notice, None)
        return Watch(self.notice | other.notice, self.names | other.names)

    def concerns(self, name: str) -> bool:
        """Tell whether `name` matters; the kubelet's own names do not, but its link."""
        if self.names is None:
            return name == DATA or not name.startswith("..")
        return name in self.names

    def outlasts(self, directory: str, name: str) -> bool:
        """
        Tell whether all is watched as it must be after something came as `name`.

        So it is with the kubelet's link, and with a file in the place of the one that
        the path ends at. What has to be watched need not be walked for these two, which
        are nearly all there is, and nobody waits for the walk.
        """
        if self.names is None:
            return False
        if name == DATA:
            return True
        mode, _ = _look(os.path.join(directory, name))
        return _FILE in self.notice and stat.S_ISREG(mode)


def walk(path: str) -> dict[str, Watch]:
    """
    Return what has to be watched for an absolute `path`, by directory.

    The directories are real ones, without links in their names, the upper ones first.
    The walk ends at the first name that is not there, at a link named `..data`, and
    after as many links as the kernel would follow.
    """
    watches: dict[str, Watch] = {}
    here, ahead, links = "/", _parts(path), 0
    while ahead:
        name = ahead.pop()
        if name == "..":
            here = os.path.dirname(here)
            continue
        there = os.path.join(here, name)
        mode, target = _look(there)
        if stat.S_ISDIR(mode):
            here = there
            _add(watches, here, Watch())
            continue
        if not stat.S_ISLNK(mode):
            notice = _ENTRY if mode else Notice.COMING
            notice |= Notice.NOTHING if ahead else Notice.WRITING
            _add(watches, here, Watch(notice, frozenset({name})))
            return watches
        _add(watches, here, Watch(_ENTRY, frozenset({name})))
        links += 1
        if name == DATA or links > _LINKS_MAX:
            return watches
        here = "/" if target.startswith("/") else here
        ahead += _parts(target)
    _add(watches, here, _inside(here))
    return watches


def _parts(path: str) -> list[str]:
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _look(path: str) -> tuple[int, str]:
    """Return the mode and, of a link, its target; nothing of what is not there."""
    try:
        mode = os.lstat(path).st_mode
        return mode, os.readlink(path) if stat.S_ISLNK(mode) else ""
    except OSError:
        return 0, ""


def _inside(directory: str) -> Watch:
    if os.path.islink(os.path.join(directory, DATA)):
        return Watch(_ENTRY, frozenset({DATA}))
    return Watch(_ENTRY | Notice.WRITING, None)


def _add(watches: dict[str, Watch], directory: str, watch: Watch) -> None:
    watches[directory] = watches.get(directory, Watch()) | watch
