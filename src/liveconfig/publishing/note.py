"""
A few bytes in the cache directory, for whoever comes after this process.

Owns: how they are written so that no death loses them, whose are believed, and the lock
    by which others see that their writer is alive.
Must not know: what they say.
Runs in: the publisher process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

# More than any note has: what somebody else has put there is not read to its end.
_BYTES_MAX = 256 * 1024

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
# A pipe that was put there would hold up the open otherwise.
_OLD = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Note:
    """One file, which has its name only when it is whole."""

    def __init__(self, directory: str, name: str) -> None:
        """Use the file `name` of a directory, which is made if it is not there."""
        self._path = Path(directory, name)
        self._held = -1

    def read(self) -> bytes | None:
        """Return what was noted; what somebody else has put there is no note."""
        try:
            with open(os.open(self._path, _OLD), "rb") as file:
                is_ours = os.fstat(file.fileno()).st_uid == os.geteuid()
                return file.read(_BYTES_MAX) if is_ours else None
        except OSError:
            return None

    def write(self, content: bytes, *, is_held: bool = False) -> str:
        """
        Note this in the place of what was, if it can be kept at all.

        Args:
            content: what to note.
            is_held: whether others see, until it is changed, that its writer is alive.
                Otherwise what another process has noted, and holds, stays.

        Returns:
            why it cannot be kept, "" if it can.
        """
        # By a rename, so that no death in between loses what was.
        unfinished = self._path.with_suffix(".unfinished")
        try:
            if not is_held and self._is_of_another():
                return ""
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                unfinished.unlink()
            with open(os.open(unfinished, _NEW, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                # What was there before is held until the new one has its place.
                held = _lock(file.fileno()) if is_held else -1
                unfinished.replace(self._path)
                self._release()
                self._held = held
        except OSError as error:
            return f"{self._path}: {error.strerror}"
        return ""

    def remove(self) -> None:
        """Have nothing noted any more, unless another process has noted it."""
        with contextlib.suppress(OSError):
            if not self._is_of_another():
                self._path.unlink()
        self._release()

    def is_held_by_another(self) -> bool:
        """Return whether what is noted is of another process, and that is alive."""
        try:
            descriptor = os.open(self._path, _OLD)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            # Not every filesystem has locks.
            return False
        finally:
            os.close(descriptor)
        return False

    def _is_of_another(self) -> bool:
        """Return whether another process has put its own in the place of this one's."""
        if self._held < 0:
            return self.is_held_by_another()
        if not self._path.exists():
            return False
        return not os.path.samestat(os.fstat(self._held), os.stat(self._path))

    def _release(self) -> None:
        held, self._held = self._held, -1
        if held >= 0:
            os.close(held)


def _lock(descriptor: int) -> int:
    """Lock a file for as long as what is returned is open in this process."""
    held = os.dup(descriptor)
    with contextlib.suppress(OSError):
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return held
