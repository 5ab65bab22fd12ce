"""Which class a process has, as a text that any process makes of the same class."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from liveconfig.schema.schema import PLAIN_MAPPING, Schema

_BEGIN = """\
from __future__ import annotations
import dataclasses, enum
from collections.abc import Mapping
from typing import Annotated
import msgspec
from liveconfig import Secret
from liveconfig.schema.schema import Schema
"""

_CLASS = """
class Colour(enum.Enum):
    RED = "red"

class Part(msgspec.Struct, frozen=True):
    names: frozenset[str] = frozenset({"a", "b", "c", "d", "e"})
    other: Part | None = None

@dataclasses.dataclass(frozen=True)
class Shop:
    message: Annotated[str, msgspec.Meta(min_length=1)]
    colour: Colour = Colour.RED
    key: Secret = Secret("hunter2")
    parts: Mapping[str, Part] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if self.message in {"bad", "worse", "worst"}:
            raise ValueError("no")

print(Schema(Shop).identity)
"""

_CHANGES = {
    "a constraint": ("min_length=1", "min_length=2"),
    "a type": ("parts: Mapping[str, Part]", "parts: Mapping[str, str]"),
    "a name": ("message:", "text:"),
    "a default": ('frozenset({"a", ', "frozenset({"),
    "a secret": ('key: Secret = Secret("hunter2")', 'key: str = "x"'),
    "a choice": ('RED = "red"', 'RED = "red"; BLUE = "blue"'),
    "a factory": ("default_factory=dict", "default_factory=lambda: {}"),
    "a part's part": ("other: Part | None", "other: str | None"),
    "a rule of its own": ('"worst"', '"worse yet"'),
    "a constant of a rule": ('ValueError("no")', 'ValueError("never")'),
}


def _identity(text: str, directory: Path) -> str:
    """Return what a process of its own, with hashes of its own, makes of a class."""
    module = directory / "made.py"
    module.write_text(_BEGIN + text)
    made = subprocess.run(
        [sys.executable, module], capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


def test_identity_is_the_same_in_each_process(tmp_path: Path) -> None:
    """The order of a set, which differs from process to process, is not in it."""
    found = {_identity(_CLASS, tmp_path) for _ in range(4)}
    assert len(found) == 1
    assert len(found.pop()) == 16


@pytest.mark.parametrize("change", _CHANGES)
def test_identity_differs_with_the_class(change: str, tmp_path: Path) -> None:
    """Whatever a config is made by makes a difference; one change is enough."""
    old, new = _CHANGES[change]
    assert old in _CLASS
    changed = _CLASS.replace(old, new).replace("in self.text", "in self.message")
    assert _identity(changed, tmp_path) != _identity(_CLASS, tmp_path)


def test_identity_of_any_mapping_is_one_as_well() -> None:
    """A service without a class has one that is always the same."""
    assert Schema.load("").identity == Schema(PLAIN_MAPPING).identity
