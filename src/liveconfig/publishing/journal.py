"""
The publisher's state in the records, and its lines in the log.

Owns: when both are written, and the state that a successor goes on from.
Must not know: what can happen, what follows from it, how it is worded.
Runs in: the publisher process.
"""

from __future__ import annotations

import os
import time
from typing import Any

from liveconfig.errors import CorruptRecordError, printable
from liveconfig.memory.history import History
from liveconfig.memory.record import Record
from liveconfig.memory.status import PublisherStatus
from liveconfig.publishing.events import Event
from liveconfig.publishing.lines import lines
from liveconfig.publishing.log import log
from liveconfig.publishing.outlets import Channel
from liveconfig.publishing.state import State, after
from liveconfig.schema.schema import Schema


class Journal:
    """
    Note what happens, where all others and a successor find it.

    Attributes:
        state: what follows from all that has happened so far.
    """

    def __init__(
        self,
        path: str,
        schema: Schema[Any],
        status: Channel,
        history: Channel,
    ) -> None:
        """Go on from what the records hold; nothing is written yet."""
        self._status_channel = status
        self._history_channel = history
        self._written: PublisherStatus | None = None
        self.state = State(
            _status_before(status.record, path, schema),
            History.read(history.record).shown_by(schema.key_names.secrecy),
        )

    def note(self, event: Event) -> None:
        """Have status, history and log say that this has happened."""
        before, self.state = self.state, after(event, self.state)
        if self.state is not before and self.state.status != self._written:
            self._written = self.state.status
            self._status_channel.writer.publish(self._written.to_bytes())
        if self.state.history is not before.history:
            self._write_history()
        for sentence, arguments in lines(event, before, self.state):
            log.write(sentence, *arguments)

    def mend(self) -> None:
        """Write the history again if something else has overwritten it."""
        if not self._history_channel.record.is_whole(0):
            self._write_history()

    def _write_history(self) -> None:
        self._history_channel.writer.publish(self.state.history.to_bytes())


def _status_before(record: Record, path: str, schema: Schema[Any]) -> PublisherStatus:
    """Return the state that the publisher before left, under this one's name."""
    own: dict[str, Any] = {
        "pid": os.getpid(),
        "started_at": time.time(),
        # The name of a file may be no text, and a record holds none but text.
        "source": printable(path),
        "schema": schema.name,
        "schema_digest": schema.identity,
        "secrecy": schema.key_names.secrecy,
    }
    try:
        publication = record.read()
        if publication is None:
            return PublisherStatus(**own)
        before = PublisherStatus.from_bytes(publication.payload)
    except CorruptRecordError:
        return PublisherStatus(**own)
    shown_before = before.shown_by(schema.key_names.secrecy)
    own |= {"starts": before.starts + 1, "mode": "inotify", "mode_reason": ""}
    return shown_before.with_values(**own)
