"""
How far the run is, on stderr.

Owns: the bar.
Must not know: what is measured.
Runs in: the measuring process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

_CELLS = 30
_LINE_EVERY_SECONDS = 10.0


class Bar:
    """A bar that each row fills by its share of the whole run."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        """Show a run of rows, with how long each takes relative to the others."""
        self._shares = shares
        self._whole = sum(shares.values())
        self._row = ""
        self._before = 0.0
        self._began = self._shown = time.monotonic()

    def begin(self, row: str) -> None:
        """Begin a row; the one before is done."""
        self._before += self._shares.get(self._row, 0.0)
        self._row = row
        self.at(0, 1, "begins")

    def at(self, done: float, of: float, text: str) -> None:
        """Show that so much of the row is done."""
        share = self._shares[self._row] * min(1.0, done / of)
        part = (self._before + share) / self._whole
        passed = time.monotonic() - self._began
        filled = "#" * round(_CELLS * part) + "." * (_CELLS - round(_CELLS * part))
        clock = f"{int(passed) // 60}:{int(passed) % 60:02}"
        self._show(f"[{filled}] {part:4.0%} {clock} {self._row}: {text}")

    def _show(self, line: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
        elif time.monotonic() - self._shown >= _LINE_EVERY_SECONDS:
            self._shown = time.monotonic()
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave the bar's line."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
