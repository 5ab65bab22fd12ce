"""
The configs that are served: one message, and entries until it has its size.

Owns: their content, as YAML and as JSON.
Must not know: who serves them.
Runs in: the measuring process.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

KIB, MIB = 1024, 1024 * 1024
SIZES = {KIB: "1 KiB", 64 * KIB: "64 KiB", MIB: "1 MiB"}

_TEXT = "Some words that say what it is for. " * 4


class Document(NamedTuple):
    """A config with a message, and entries until its YAML has about `bytes`."""

    message: str
    bytes: int = KIB

    def yaml(self) -> str:
        """Return it as YAML."""
        return f"message: {self.message}\n{_entries_yaml(self.bytes)}"

    def json(self) -> str:
        """Return it as JSON."""
        return (
            f'{{"message": "{self.message}", "entries": {_entries_json(self.bytes)}}}'
        )


@cache
def _entries_yaml(size: int) -> str:
    lines = ["entries:"]
    for name, entry in _entries(size).items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: {json.dumps(value)}" for key, value in entry.items()]
    return "\n".join(lines) + "\n"


@cache
def _entries_json(size: int) -> str:
    return json.dumps(_entries(size))


def _entries(size: int) -> dict[str, Any]:
    """Return as many entries as make `size` bytes of YAML; each takes about 256."""
    return {
        f"entry-{number:05}": {
            "title": f"The title of entry {number}",
            "is_enabled": bool(number % 3),
            "weight": number * 0.25,
            "text": f"{_TEXT}{number}",
        }
        for number in range(max(1, size // 256))
    }
