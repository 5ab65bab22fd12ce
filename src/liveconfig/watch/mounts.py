"""
Mounts that go on showing the file that was there when they were made.

Owns: reading the kernel's mount table.
Must not know: Kubernetes, what is mounted.
Runs in: the publisher, or wherever somebody uses `FileWatcher` alone.

A `subPath` mount and a single file mounted by a container runtime are bind mounts of
one file: what is written into it shows at once, but not what is put in its place, be it
by a rename or by the swap of a link.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

_MOUNT_POINT_FIELD = 4
_ESCAPE = re.compile(r"\\([0-7]{3})")


def is_single_file_mount(path: str, mount_table: str | None = None) -> bool:
    """
    Return whether `path`, wherever links lead it, is itself a mount point and a file.

    Args:
        path: the file that is watched.
        mount_table: the text of `/proc/self/mountinfo`; None reads it.
    """
    if os.path.isdir(path):
        return False
    return os.path.realpath(path) in mount_points(mount_table)


def mount_points(mount_table: str | None = None) -> set[str]:
    """Return where something is mounted; nothing where the kernel does not say."""
    if mount_table is None:
        mount_table = ""
        with contextlib.suppress(OSError):
            mount_table = os.fsdecode(Path("/proc/self/mountinfo").read_bytes())
    # Nothing else ends a row: of what else could, the kernel escapes nothing.
    fields = (line.split(" ") for line in mount_table.split("\n"))
    return {
        _ESCAPE.sub(lambda match: chr(int(match[1], 8)), line[_MOUNT_POINT_FIELD])
        for line in fields
        if len(line) > _MOUNT_POINT_FIELD
    }
