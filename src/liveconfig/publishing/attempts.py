"""
How often the bytes of a source were tried, through the deaths of those that tried them.

Owns: the count, where it is kept, when bytes are given up.
Must not know: what is done with them, who ends a publisher.
Runs in: the publisher process.

Why twice: the count in shared memory outlives the publisher, the one in the cache
directory also the container, which the kernel ends as a whole when memory runs out.
Neither is taken away until an attempt has come to its end, so no way to die is missed.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from liveconfig.memory.status import Attempt
from liveconfig.publishing.events import Attempted
from liveconfig.publishing.journal import Journal

ATTEMPTS_MAX = 3

_NAME = "attempt"
_NOTE_BYTES_MAX = 200


class Attempts:
    """The attempt at hand, and what is known of those before it."""

    def __init__(self, journal: Journal, cache_dir: str) -> None:
        """
        Find out what the publisher before has left; nothing is tried yet.

        Args:
            journal: notes what is tried.
            cache_dir: where it is noted as well, "" for nowhere.
        """
        self._journal = journal
        self._note = Path(cache_dir, _NAME) if cache_dir else None
        self._before = journal.state.status.attempt
        noted = _read(self._note) if self._note else None
        if noted and (self._before is None or noted.number > self._before.number):
            self._before = noted
            journal.note(Attempted(noted))

    @property
    def has_death(self) -> bool:
        """Whether a publisher has died over what it tried, and nothing since."""
        return self._before is not None

    def begin(self, digest: str) -> bool:
        """
        Note that these bytes are about to be tried.

        Returns:
            whether they may be: not those that ended three publishers.
        """
        before = self._before
        number = before.number if before and before.digest == digest else 0
        is_over = number >= ATTEMPTS_MAX
        attempt = Attempt(digest, number + (not is_over), is_over)
        self._journal.note(Attempted(attempt))
        if self._note is not None:
            _write(self._note, attempt)
        return not is_over

    def end(self) -> None:
        """Note that the attempt has come to its end, whatever came of it."""
        self._before = None
        if self._journal.state.status.attempt is not None:
            self._journal.note(Attempted(None))
        if self._note is not None:
            with contextlib.suppress(OSError):
                self._note.unlink()


def _read(note: Path) -> Attempt | None:
    """Return what was noted; what somebody else has put there is no note."""
    try:
        descriptor = os.open(note, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:
            if os.fstat(descriptor).st_uid != os.geteuid():
                return None
            number, digest = file.read(_NOTE_BYTES_MAX).decode().split()
            return Attempt(digest, int(number))
    except (OSError, ValueError):
        return None


def _write(note: Path, attempt: Attempt) -> None:
    # By a rename, so that no death in between loses the count. Where it cannot be kept,
    # neither can the cache, which says so.
    unfinished = note.with_suffix(".unfinished")
    with contextlib.suppress(OSError):
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(unfinished, flags, 0o600)
        with open(descriptor, "w") as file:
            file.write(f"{attempt.number} {attempt.digest}\n")
        unfinished.replace(note)
