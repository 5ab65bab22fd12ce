"""
What changed from one config to the next, to be shown.

Owns: where two encoded configs differ; finding the part of a typed config at such a
    place; cutting long texts.
Must not know: which parts are secret, how a part is written as text.
Runs in: the publisher; in every worker, where two payloads differ.

A part is found in the typed config, not in a payload: there a secret knows that it is
one, and nothing but the part is converted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from msgspec import UNSET, Raw, Struct, msgpack

from liveconfig.errors import CUT, KeyPath, shortened

_MAPPING_BYTES = frozenset(bytes([first]) for first in (*range(0x80, 0x90), 0xDE, 0xDF))
_BRANCHES = msgpack.Decoder(dict[str, Raw])
_NONE = Raw()
_Bytes = bytes | memoryview


class Change(Struct, frozen=True):
    """
    What changed at one place of a config.

    Attributes:
        key: the place, as `format_key_path` writes it.
        old: the value before as JSON, secrets masked, cut with "…" where it is long;
            None where the key was not there.
        new: the value since then, likewise.
    """

    key: str
    old: str | None
    new: str | None


def changed(
    keys: tuple[str, ...], old: _Bytes, new: _Bytes
) -> Iterator[tuple[str, ...]]:
    """
    Yield where two configs in canonical MessagePack differ.

    A list counts as a whole, as does a mapping that is new or gone.

    Args:
        keys: the way to `old` and `new`.
        old: one config, b"" where there is none.
        new: the other.
    """
    # By their bytes, which are canonical: what is equal is not even decoded.
    if not (_is_mapping(old) and _is_mapping(new)):
        yield keys
        return
    before, after = _BRANCHES.decode(old), _BRANCHES.decode(new)
    for key in before.keys() | after.keys():
        branches = before.get(key, _NONE), after.get(key, _NONE)
        if branches[0] != branches[1]:
            # Views, as copies at each of many levels would take a multiple of a config.
            yield from changed((*keys, key), *(memoryview(each) for each in branches))


def part(config: Any, keys: KeyPath) -> Any:
    """Return the value in a typed config, `msgspec.UNSET` where there is none."""
    for key in keys:
        config = _below(config, str(key))
    return config


def cut(
    old: str | None, new: str | None, characters_max: int
) -> tuple[str | None, str | None]:
    """Return texts of at most so many characters, from shortly before they differ."""
    pairs = enumerate(zip(old or "", new or "", strict=False))
    same = next((at for at, (one, other) in pairs if one != other), 0)
    start = same - characters_max // 2
    return _from(old, start, characters_max), _from(new, start, characters_max)


def _is_mapping(encoded: _Bytes) -> bool:
    # The first byte of MessagePack's three kinds of maps.
    return bytes(encoded[:1]) in _MAPPING_BYTES


def _from(text: str | None, start: int, characters_max: int) -> str | None:
    if text is None or len(text) <= characters_max:
        return text
    if start > 0:
        text = CUT + text[start + 1 :]
    return shortened(text, characters_max)


def _below(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        if not isinstance(next(iter(value), None), Enum):
            return value.get(key, UNSET)
        # An enum that is a text has another hash than the text.
        return next((value[name] for name in value if name.value == key), UNSET)
    if isinstance(value, Struct):
        if key == value.__struct_config__.tag_field:
            return value.__struct_config__.tag
        names = zip(
            value.__struct_encode_fields__, value.__struct_fields__, strict=True
        )
        key = dict(names).get(key, "")
    return getattr(value, key, UNSET)
