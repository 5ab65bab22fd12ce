"""
A few bytes in the cache directory, for whoever comes after this process.

Owns: how they are written so that no death loses them, and whose are believed.
Must not know: what they say.
Runs in: the publisher process.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_BYTES_MAX = 256 * 1024

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
# A pipe that was put there would hold up the open otherwise.
_OLD = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Note:
    """One file, which has its name only when it is whole."""

    def __init__(self, directory: str, name: str) -> None:
        """Use the file `name` of a directory, which is made if it is not there."""
        self._path = Path(directory, name)

    def read(self) -> bytes | None:
        """Return what was noted; what somebody else has put there is no note."""
        try:
            with open(os.open(self._path, _OLD), "rb") as file:
                is_ours = os.fstat(file.fileno()).st_uid == os.geteuid()
                return file.read(_BYTES_MAX) if is_ours else None
        except OSError:
            return None

    def write(self, content: bytes) -> None:
        """Note this in the place of what was, if it can be kept at all."""
        # By a rename, so that no death in between loses what was. Where it cannot be
        # kept, neither can the cache, which says so.
        unfinished = self._path.with_suffix(".unfinished")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                unfinished.unlink()
            with open(os.open(unfinished, _NEW, 0o600), "wb") as file:
                file.write(content)
            unfinished.replace(self._path)

    def remove(self) -> None:
        """Have nothing noted any more."""
        with contextlib.suppress(OSError):
            self._path.unlink()
