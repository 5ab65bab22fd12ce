"""
The lines that the publisher writes for whoever reads the service's log.

Owns: their way out of the process.
Must not know: what they say, who receives them.
Runs in: the publisher process.

Why not `logging`: it belongs to the team's own code, which the publisher imports with
the schema. That may close every handler, raise the level, or switch all of it off; and
what it logs for itself must not be taken for a line of the publisher.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from liveconfig.errors import printable
from liveconfig.sentences.sentence import Sentence

Send = Callable[[int, str], None]


class Log:
    """Lines with a level of `logging`; they go there until somebody else takes them."""

    def __init__(self) -> None:
        """Begin with nobody who takes the lines."""
        self._send: Send | None = None

    def connect(self, send: Send) -> None:
        """Have `send` called with the level and the text of each line from now on."""
        self._send = send

    def write(self, sentence: Sentence, *arguments: object) -> None:
        """Write a sentence with what stands in the places of its `%s`."""
        # One line each: the name of a file may hold what would forge another one.
        line = printable(sentence.line(*arguments))
        if self._send is None:
            logging.getLogger("liveconfig.publisher").log(sentence.level, "%s", line)
        else:
            self._send(sentence.level, line)


log = Log()
