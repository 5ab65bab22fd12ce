"""
Mounts that never change what they show.

Owns: reading the kernel's mount table for one question.
Must not know: Kubernetes, what is mounted.
Runs in: the publisher, once at its start.

A `subPath` mount and a single file mounted by a container runtime are bind mounts of
the file as it was: whatever is swapped beside it, the mount goes on showing that file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_MOUNT_POINT_FIELD = 4
_ESCAPE = re.compile(r"\\([0-7]{3})")


def is_single_file_mount(path: str, mount_table: str | None = None) -> bool:
    """
    Tell whether `path`, wherever links lead it, is itself a mount point and a file.

    Args:
        path: the file that is watched.
        mount_table: the text of `/proc/self/mountinfo`; None reads it.
    """
    if os.path.isdir(path):
        return False
    if mount_table is None:
        mount_table = os.fsdecode(Path("/proc/self/mountinfo").read_bytes())
    return os.path.realpath(path) in _mount_points(mount_table)


def _mount_points(mount_table: str) -> set[str]:
    # Nothing else ends a row: of what else could, the kernel escapes nothing.
    fields = (line.split(" ") for line in mount_table.split("\n"))
    return {
        _ESCAPE.sub(lambda match: chr(int(match[1], 8)), line[_MOUNT_POINT_FIELD])
        for line in fields
        if len(line) > _MOUNT_POINT_FIELD
    }
