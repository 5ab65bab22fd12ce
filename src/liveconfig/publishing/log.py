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

Send = Callable[[int, str], None]


class Log:
    """Lines with a level of `logging`; they go there until somebody else takes them."""

    def __init__(self) -> None:
        """Begin with nobody who takes the lines."""
        self._send: Send | None = None

    def connect(self, send: Send) -> None:
        """Have `send` called with the level and the text of each line from now on."""
        self._send = send

    def info(self, text: str, *arguments: object) -> None:
        """Write what is as it should be."""
        self._write(logging.INFO, text, arguments)

    def warning(self, text: str, *arguments: object) -> None:
        """Write what somebody should look at some time."""
        self._write(logging.WARNING, text, arguments)

    def error(self, text: str, *arguments: object) -> None:
        """Write what somebody has to mend."""
        self._write(logging.ERROR, text, arguments)

    def critical(self, text: str, *arguments: object) -> None:
        """Write what endangers the service."""
        self._write(logging.CRITICAL, text, arguments)

    def _write(self, level: int, text: str, arguments: tuple[object, ...]) -> None:
        # One line each: the name of a file may hold what would forge another one.
        line = printable(text % arguments if arguments else text)
        if self._send is None:
            logging.getLogger("liveconfig.publisher").log(level, "%s", line)
        else:
            self._send(level, line)


log = Log()
