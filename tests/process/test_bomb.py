"""What a YAML bomb costs the process that reads it."""

from __future__ import annotations

import resource
import time
from typing import Any

import pytest

from liveconfig.errors import InvalidConfigError
from liveconfig.reading import yaml_text
from liveconfig.reading.document import Limits, parse
from tests.support.children import Child


def _laughs(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        names = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{names}]")
    return "\n".join(lines)


@pytest.mark.parametrize("parser", [yaml_text._YamlParser, yaml_text.PureParser])
def test_billion_laughs_are_refused_in_little_time_and_memory(
    monkeypatch: pytest.MonkeyPatch, parser: type[Any]
) -> None:
    """An alias bomb takes little of a processor, and less than 100 MiB."""
    monkeypatch.setattr(yaml_text, "_YamlParser", parser)

    def bomb() -> tuple[float, int]:
        started = time.process_time()
        with pytest.raises(InvalidConfigError, match="with all aliases expanded"):
            parse(_laughs(10).encode(), "c.yaml", Limits())
        seconds = time.process_time() - started
        return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, kibibytes = Child(bomb).result()
    assert seconds < 1.0
    assert kibibytes - before < 100 * 1024
