"""
A sentence of the log: its level, its text, and what to do about it.

Owns: the form of an entry, and how one becomes a line.
Must not know: which sentences there are, who writes them.
Runs in: every process that logs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

PREFIX = "liveconfig: "


class Logger(Protocol):
    """What takes lines: a logger of `logging`, of gunicorn, or the publisher's own."""

    def log(self, level: int, text: str, *arguments: object) -> None:
        """Write `text` with the arguments in the places of its `%s`."""


@dataclass(frozen=True)
class Sentence:
    """
    One line of the log, and its section in the runbook.

    Attributes:
        level: one of `logging`.
        text: with `%s` and its like, in the order of the arguments.
        means: what has happened, and what goes on all the same.
        action: what the operator does; "" where there is nothing to do.
        commands: what to run for that, a line each.
        undo: how to take a change back that led to it; "" where none did.
        example: the line, where the text alone does not show what it is like.
    """

    level: int
    text: str
    means: str
    action: str = ""
    commands: tuple[str, ...] = ()
    undo: str = ""
    example: str = ""

    def line(self, *arguments: object) -> str:
        """Return the line."""
        return self.text % arguments

    def write(self, logger: Logger, *arguments: object) -> None:
        """Write the line as one of ours among those of a service."""
        logger.log(self.level, PREFIX + self.text, *arguments)
