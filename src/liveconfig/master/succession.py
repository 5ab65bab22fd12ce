"""
One publisher that is to take the place of another, without a gap and without a wait.

Owns: its way from the start to the place: tried, waiting, or no good.
Must not know: gunicorn, what it is tried against, what happens when it is in place.
Runs in: the gunicorn master.

Why it is tried before: what a reload brings may not fit what is live, and then the
present publisher and the present workers are what goes on serving. Why nobody waits for
it: to import a schema takes as long as it takes, and a master that waits reaps nobody
and hears no signal.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from liveconfig.master.child import Child
from liveconfig.processes.relay import FITS

# How long it may take until it fits: it imports all that the schema imports, and reads
# the source once.
_FIT_SECONDS_MAX = 120.0
# How long the present publisher may take to end when it is asked to: far more than that
# takes, and nobody publishes meanwhile.
_END_SECONDS_MAX = 2.0


class Succession:
    """
    A successor on its way.

    Attributes:
        child: its process.
        fits: whether it may take the place.
        problem: why it never will, as a sentence; "" while it may.
        has_died: whether it ended without a word: the next one may get on.
    """

    def __init__(self, child: Child) -> None:
        """Watch over a process that was started as a successor."""
        self.child = child
        self.fits = False
        self.problem = ""
        self.has_died = False
        self._began_at = time.monotonic()
        self._asked_at: float | None = None
        self._last_words = ""

    def messages(self) -> Iterator[tuple[int, str]]:
        """Yield what it logs; find out how it gets on."""
        ended = self.child.reap()
        for level, text in self.child.relay.messages():
            if level == FITS:
                self.fits = True
            elif level >= logging.CRITICAL:
                self._last_words = text
            else:
                yield level, text
        if ended:
            self.has_died = not self._last_words
            self.problem = self._last_words or "the new publisher died"
        elif not self.fits and self._seconds() > _FIT_SECONDS_MAX:
            self.problem = (
                f"the new publisher was not ready within {_FIT_SECONDS_MAX:.0f} s"
            )

    def make_place(self, present: Child | None) -> bool:
        """Have the present publisher end, in the end by force; return if it has."""
        if present is None or present.reap():
            return True
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            present.ask_to_end()
        elif now - self._asked_at > _END_SECONDS_MAX:
            present.kill()
        return False

    def give_up(self) -> None:
        """End it and leave nothing of it."""
        self.child.kill()
        self.child.stop()
        self.child.close()

    def _seconds(self) -> float:
        return time.monotonic() - self._began_at
