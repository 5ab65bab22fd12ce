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

from liveconfig.memory.status import Attempt
from liveconfig.publishing.events import Attempted
from liveconfig.publishing.journal import Journal
from liveconfig.publishing.note import Note

# One death may be bad luck, as when memory is short for a moment; each costs a start.
ATTEMPTS_MAX = 3

_NAME = "attempt"


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
        self._note = Note(cache_dir, _NAME) if cache_dir else None
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
            self._note.remove()


def _read(note: Note) -> Attempt | None:
    try:
        number, digest = (note.read() or b"").decode().split()
        return Attempt(digest, int(number))
    except ValueError:
        return None


def _write(note: Note, attempt: Attempt) -> None:
    note.write(f"{attempt.number} {attempt.digest}\n".encode())
