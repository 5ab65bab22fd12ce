"""
The command line, run in the test process.

Owns: one run: its exit status and what it printed.
Must not know: what is checked.
Runs in: the test process.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from liveconfig.command import cli


def write(name: str, text: str) -> str:
    """Write a file in the working directory and return its name."""
    Path(name).write_text(text)
    return name


class Ran:
    """
    One command that was run.

    Attributes:
        status: its exit status.
        out: what it printed.
        err: what it complained of.
    """

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        """Run the command with its arguments."""
        self.status = cli.main(arguments)
        self.out, self.err = capsys.readouterr()
