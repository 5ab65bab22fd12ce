"""The lines of the publisher, wherever they go."""

from __future__ import annotations

import logging

import pytest

from liveconfig.publishing.log import Log
from liveconfig.sentences.sentence import Sentence


def test_lines_go_to_whoever_takes_them(caplog: pytest.LogCaptureFixture) -> None:
    """With a level and whole, and to nobody else."""
    taken: list[tuple[int, str]] = []
    log = Log()
    log.connect(lambda level, text: taken.append((level, text)))
    log.write(Sentence(logging.INFO, "version %d is live", ""), 1)
    log.write(Sentence(logging.WARNING, "%s", ""), "%d")
    log.write(Sentence(logging.ERROR, "%s", ""), "100 % wrong")
    log.write(Sentence(logging.CRITICAL, "the end", ""))
    assert taken == [
        (logging.INFO, "version 1 is live"),
        (logging.WARNING, "%d"),
        (logging.ERROR, "100 % wrong"),
        (logging.CRITICAL, "the end"),
    ]
    assert not caplog.records


def test_lines_that_nobody_takes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Outside of its process the publisher logs as any other code."""
    Log().write(Sentence(logging.WARNING, "a line of %s", ""), "its own")
    assert caplog.messages == ["a line of its own"]
