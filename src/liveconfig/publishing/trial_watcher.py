"""
The watcher of a publisher: it looks after a trial as well.

Owns: waking for a trial between two changes of the source.
Must not know: what a look is, how changes are noticed.
Runs in: the publisher process.
"""

from __future__ import annotations

from typing import Any, Protocol

from liveconfig.watch.watcher import FileWatcher


class Trying(Protocol):
    """What has to be looked after."""

    @property
    def next_look(self) -> float:
        """When `look` is due, by the monotonic clock; infinite for never."""

    def look(self) -> None:
        """Look after it."""


class TrialWatcher(FileWatcher):
    """A `FileWatcher` that calls `look` of something whenever that is due."""

    def __init__(self, trying: Trying, *arguments: Any, **options: Any) -> None:
        """Look after `trying`; all else is for the `FileWatcher`."""
        super().__init__(*arguments, **options)
        self._trying = trying

    def due(self) -> float:
        """Return when its next look is due."""
        return self._trying.next_look

    def look(self) -> None:
        """Look after it."""
        self._trying.look()
