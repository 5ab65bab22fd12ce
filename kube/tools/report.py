"""
How the walk shows what it found.

Owns: tables.
Must not know: what is in them.
Runs in: a terminal on any machine with Python 3.10 and kubectl.
"""

from __future__ import annotations

from collections.abc import Sequence


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of texts as a table with columns of even width."""
    columns = list(zip(headings, *rows, strict=True))
    widths = [max(len(text) for text in column) for column in columns]
    ruler = ["-" * width for width in widths]
    return "\n".join(
        "  ".join(
            text.ljust(width) for text, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in (headings, ruler, *rows)
    )
