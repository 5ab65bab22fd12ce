"""
How far a config may be from the one before.

Owns: the three guards, and the sentence of each.
Must not know: which config is the one before, where a key stands in a file.
Runs in: the publisher and the CLI.

Most changes that do harm are valid: a list that was generated twice, a file that was
cut off, a text that a template left blank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import msgpack

from liveconfig.errors import KeyPath
from liveconfig.schema.outline import Outline, is_blank
from liveconfig.sentences.of_config import BLANKED, GROWN, REMOVED


class Limit(NamedTuple):
    """
    How much one guard lets through.

    Attributes:
        name: what sets it, as the sentences call it.
        most: the largest value that is let through, None for any.
    """

    name: str
    most: float | None = None

    def is_passed(self, value: int, whole: int = 1) -> bool:
        """Return whether a value is more than `most` times a whole, to the digit."""
        # 1.15 * 100 is 114.99999999999999.
        return self.most is not None and value > Decimal(str(self.most)) * whole

    def __str__(self) -> str:
        """Return what the sentences say of it."""
        return f"{self.name} lets {self.most:.10g}"


class Guards(NamedTuple):
    """
    What is refused of a change.

    Attributes:
        growth: so many times the nodes, or the bytes, at most.
        removed: so many percent of the keys and items gone at most.
        blanked: so many keys without a default blank that were not, at most.
    """

    growth: Limit
    removed: Limit
    blanked: Limit

    @property
    def has_limit(self) -> bool:
        """Whether anything at all is refused."""
        return any(limit.most is not None for limit in self)


class Breach(NamedTuple):
    """A change that goes too far: where to look first, and why."""

    keys: KeyPath
    problem: str


def breaches(
    guards: Guards, before: Outline, after: Outline, name: str
) -> Iterator[Breach]:
    """
    Yield what goes too far from one config to the next, a breach for each guard.

    Args:
        guards: what is refused.
        before: the config that is known to be good.
        after: the one that is to take its place.
        name: what the sentences call the one before.
    """
    yield from _grown(guards.growth, before.data, after.data, name)
    yield from _removed(guards.removed, before.own, after.own, name)
    yield from _blanked(guards.blanked, before.data, after.blank, name)


def _grown(limit: Limit, before: Any, after: Any, name: str) -> Iterator[Breach]:
    for measure, unit in ((_nodes, "keys and values"), (_bytes, "bytes")):
        old, new = measure(before), measure(after)
        if limit.is_passed(new, old):
            way = _way(after, before, _growth(measure))
            yield Breach(way, GROWN.line(new, unit, name, old, limit))
            return


def _removed(limit: Limit, before: Any, after: Any, name: str) -> Iterator[Breach]:
    gone, keys = _gone(before, after), _keys(before)
    if limit.is_passed(100 * gone, keys):
        way = _way(before, after, _lost)
        yield Breach(way, REMOVED.line(gone, keys, name, limit))


def _blanked(
    limit: Limit, before: Any, blank: tuple[KeyPath, ...], name: str
) -> Iterator[Breach]:
    found = [keys for keys in blank if not is_blank(_value(before, keys))]
    if limit.is_passed(len(found)):
        yield Breach(found[0], BLANKED.line(name, len(found), limit))


def _nodes(data: Any) -> int:
    if isinstance(data, dict):
        return 1 + sum(1 + _nodes(value) for value in data.values())
    return 1 + (sum(map(_nodes, data)) if isinstance(data, list) else 0)


def _bytes(data: Any) -> int:
    return len(msgpack.encode(data))


def _keys(data: Any) -> int:
    """Return how many keys and items there are below a value."""
    if isinstance(data, dict):
        data = data.values()
    elif not isinstance(data, list):
        return 0
    return sum(1 + _keys(value) for value in data)


def _gone(before: Any, after: Any) -> int:
    """Return how many keys and items below a value are not there any more."""
    if isinstance(before, dict) and isinstance(after, dict):
        return sum(
            _gone(value, after[key]) if key in after else 1 + _keys(value)
            for key, value in before.items()
        )
    is_list = isinstance(before, list) and isinstance(after, list)
    # What an item is called is not known: only how many there are can be compared.
    return max(0, _keys(before) - (_keys(after) if is_list else 0))


def _lost(before: Any, after: Any) -> int:
    return 1 + _keys(before) if after is None else _gone(before, after)


def _growth(measure: Callable[[Any], int]) -> Callable[[Any, Any], int]:
    return lambda new, old: measure(new) - (0 if old is None else measure(old))


def _way(whole: Any, other: Any, difference: Callable[[Any, Any], int]) -> KeyPath:
    """
    Return the way to the part of `whole` that makes out most of its difference.

    It ends where no part makes out half of that; at the top it goes one step on.
    """
    keys: list[str] = []
    while isinstance(whole, dict) and isinstance(other, dict) and whole:
        found = {key: difference(value, other.get(key)) for key, value in whole.items()}
        key = max(found, key=found.__getitem__)
        if found[key] <= 0 or (keys and 2 * found[key] < sum(found.values())):
            break
        keys.append(key)
        whole, other = whole[key], other.get(key)
    return tuple(keys)


def _value(data: Any, keys: KeyPath) -> Any:
    """Return what stands at a way, None if nothing does."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data
