"""The most expensive documents that the limits admit, at the limits of the service."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from liveconfig.errors import InvalidConfigError
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import load
from liveconfig.reading.source import SourceFile
from liveconfig.schema.schema import Schema
from tests.fuzz.campaign import Cost, Target, replay

pytestmark = pytest.mark.stress

_LIMITS = Limits()
_NODES = _LIMITS.nodes_max - 10
_COST = Cost(
    processor_seconds_max=60.0, seconds_max=600.0, memory_bytes_max=500 * 1024 * 1024
)


def _aliases(width: int, levels: int) -> str:
    lines = [f"a0: &a0 [{', '.join('0' * width)}]"]
    for level in range(1, levels):
        names = ", ".join([f"*a{level - 1}"] * width)
        lines.append(f"a{level}: &a{level} [{names}]")
    return "\n".join(lines)


_EXPENSIVE = {
    "aliases": _aliases(15, 5),
    "merges": f"a: &a {{{', '.join(f'k{n}: 0' for n in range(1000))}}}\nb:\n"
    + "- <<: *a\n" * 450,
    "empty lists": f"a: [{'[],' * _NODES}[]]",
    "numbers": f"a: [{'0, ' * _NODES}0]",
    "mappings": "\n".join(f"k{n}: {{a: {{b: {{c: {{}}}}}}}}" for n in range(90_000)),
    "text": f"a: {'x' * 4_000_000}",
    "escapes": 'a: "' + r"\x41" * 1_000_000 + '"',
    "comments": "#\n" * 2_000_000 + "a: 1",
    "numbers of many parts": f"a: [{'1:1:1:1:1:1:1:1:1, ' * 200_000}0]",
}


def _check(schema: Schema[object], path: str, content: bytes, place: Path) -> str:
    try:
        return load((SourceFile(path, content),), schema, _LIMITS).digest
    except InvalidConfigError as error:
        return str(error)


@pytest.mark.parametrize("document", _EXPENSIVE)
def test_largest_documents_end_in_time_and_memory(document: str) -> None:
    """What the limits admit costs a minute and 500 MiB at the very most."""
    check = partial(_check, Schema.load(""), "c.yaml")
    content = _EXPENSIVE[document].encode()
    assert len(content) <= _LIMITS.bytes_max
    result = replay(Target("limits", (), check), [content], _COST)
    assert result.failure is None, result.reason
