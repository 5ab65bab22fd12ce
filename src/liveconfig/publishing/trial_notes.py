"""
What a trial leaves in the cache directory, for a start after the end of all processes.

Owns: the files `trial` and `withdrawn`, and what they prove.
Must not know: who judges, what is done with a config.
Runs in: the publisher process.

`trial` is there for as long as a trial lasts, and locked by the publisher that lives:
one that nobody locks is of a service that ended during it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from liveconfig.memory import trial
from liveconfig.memory.trial import Withdrawn
from liveconfig.publishing.note import Note

_SUDDENLY, _IN_ORDER = "on", "ended"
_NOTED = re.compile(rf"(\S{{1,100}}) (\d{{1,6}}) ({_SUDDENLY}|{_IN_ORDER})\n", re.A)


class Interrupted(NamedTuple):
    """
    A trial during which the service ended.

    Attributes:
        digest: of the config on trial.
        times: how often that has happened.
        is_sudden: whether it ended the last time as nobody had asked it to.
    """

    digest: str
    times: int
    is_sudden: bool


class TrialNotes:
    """The two files, or none where there is no directory for them."""

    def __init__(self, directory: str) -> None:
        """Use a directory, "" for none."""
        self._trial = Note(directory, "trial") if directory else None
        self._withdrawn = Note(directory, "withdrawn") if directory else None
        self._digest, self._times = "", 0

    def interrupted(self) -> Interrupted | None:
        """Return the trial during which the service before ended, if it did in one."""
        if self._trial is None or self._trial.is_held_by_another():
            return None
        noted = (self._trial.read() or b"").decode(errors="replace")
        if (found := _NOTED.fullmatch(noted)) is None:
            return None
        is_sudden = found[3] == _SUDDENLY
        self._digest, self._times = found[1], int(found[2]) + is_sudden
        return Interrupted(self._digest, self._times, is_sudden)

    def begin(self, digest: str) -> None:
        """Note that the trial of a config goes on for as long as this process lives."""
        if digest != self._digest:
            self._digest, self._times = digest, 0
        self._write(_SUDDENLY, is_held=True)

    def interrupt(self) -> None:
        """Note that this process ends in order, and with it the service, it may be."""
        if self._trial is not None and self._digest:
            self._times += 1
            self._write(_IN_ORDER)

    def end(self) -> None:
        """Note that there is no trial any more."""
        self._digest, self._times = "", 0
        if self._trial is not None:
            self._trial.remove()

    def withdrawn(self) -> tuple[Withdrawn, ...]:
        """Return what was condemned, also by services before this one."""
        return trial.from_bytes((self._withdrawn and self._withdrawn.read()) or b"[]")

    def store(self, withdrawn: tuple[Withdrawn, ...]) -> str:
        """Note what is condemned; return why that cannot be kept, "" if it can."""
        if self._withdrawn is None:
            return ""
        if withdrawn:
            return self._withdrawn.write(trial.to_bytes(withdrawn))
        self._withdrawn.remove()
        return ""

    def _write(self, end: str, *, is_held: bool = False) -> None:
        if self._trial is not None:
            content = f"{self._digest} {self._times} {end}\n".encode()
            self._trial.write(content, is_held=is_held)
