"""
What a typed config is made of: its parts, one step at a time.

Owns: the parts of a value with their keys; where two configs differ in value or type;
    where one cannot be written.
Must not know: annotations, how configs are made or written.
Runs in: the publisher and the CLI; the workers load it with the schema.

Why not `==`: it takes 1 for 1.0 and for True, takes two moments for one that differ in
their offset, and runs whatever a class calls its equality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from liveconfig.errors import KeyPath
from liveconfig.masking.secret import Secret

_LEAVES = frozenset({str, int, float, bool, type(None)})
_MAPPINGS = frozenset({dict, MappingProxyType})
_FROZEN = frozenset({(dict, MappingProxyType), (list, tuple)})
_NOTHING = object()


class Anatomy:
    """The parts of configs that are made of known classes."""

    def __init__(self, fields: Mapping[type, Sequence[tuple[str, str]]]) -> None:
        """
        Take configs apart.

        Args:
            fields: of each class the names of its fields, each with the key in a file.
        """
        self._fields = fields
        self._getters = {
            class_: ([key for _, key in pairs], _getter([name for name, _ in pairs]))
            for class_, pairs in fields.items()
        }

    def difference(
        self, one: Any, other: Any, is_loose: bool = False
    ) -> KeyPath | None:
        """
        Return the first place where two configs differ, None if there is none.

        What could be changed is no other than the same that cannot.

        Args:
            one: the one.
            other: the other.
            is_loose: whether 1 in `one` equals 1.0 in `other`, and nothing else.
        """
        kind = type(one)
        if kind is not type(other) and (kind, type(other)) not in _FROZEN:
            return None if is_loose and _is_same_number(one, other) else ()
        if kind in self._getters:
            keys, get = self._getters[kind]
            return self._difference(keys, get(one), get(other), is_loose)
        if kind in _MAPPINGS:
            return self._difference_of_mappings(one, other, is_loose)
        if isinstance(one, (tuple, list)):
            return self._difference(range(len(one)), one, other, is_loose)
        return None if _is_same(one, other, is_loose) else ()

    def unwritable(self, value: Any, write: Callable[[Any], object]) -> KeyPath:
        """
        Return the deepest place of a value that `write` does not take.

        Args:
            value: one that `write` does not take.
            write: raises TypeError, OverflowError or UnicodeEncodeError.
        """
        for key, below in self._parts(value):
            if not _is_written(key, write):
                return (key,)
            if not _is_written(below, write):
                return (key, *self.unwritable(below, write))
        return ()

    def _parts(self, value: Any) -> Iterator[tuple[Any, Any]]:
        if type(value) in self._fields:
            for name, key in self._fields[type(value)]:
                yield key, getattr(value, name)
        elif isinstance(value, Mapping):
            yield from ((k, v) for k, v in value.items() if isinstance(k, str))
        elif isinstance(value, (tuple, list)):
            yield from enumerate(value)

    def _difference_of_mappings(
        self, one: Mapping[Any, Any], other: Mapping[Any, Any], is_loose: bool
    ) -> KeyPath | None:
        if len(one) != len(other) or set(map(type, one)) != set(map(type, other)):
            return ()
        for key, before in one.items():
            after = other.get(key, _NOTHING)
            if type(before) is type(after) and type(before) in _LEAVES:
                if before == after:
                    continue
                return (_text(key),)
            below = self.difference(before, after, is_loose)
            if below is not None:
                return (_text(key), *below)
        return None

    def _difference(
        self,
        keys: Sequence[str | int],
        one: Sequence[Any],
        other: Sequence[Any],
        is_loose: bool,
    ) -> KeyPath | None:
        if len(one) != len(other):
            return ()
        for key, before, after in zip(keys, one, other, strict=True):
            # Most of most configs is leaves, and a call for each would cost too much.
            if type(before) is type(after) and type(before) in _LEAVES:
                if before == after:
                    continue
                return (key,)
            below = self.difference(before, after, is_loose)
            if below is not None:
                return (key, *below)
        return None


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    # One call for all fields, which is a tuple only if there are two at least.
    if len(names) < 2:
        return lambda value: tuple([getattr(value, name) for name in names])
    return attrgetter(*names)


def _is_same_number(one: Any, other: Any) -> bool:
    return type(one) is int and type(other) is float and one == other


def _is_same(one: Any, other: Any, is_loose: bool) -> bool:
    # Both of one type that holds no part which could differ in its type.
    if one is other or type(one) in _LEAVES:
        return bool(one == other)
    if isinstance(one, Secret):
        return bool(one == other)
    if isinstance(one, Enum):
        return bool(one.value == other.value)
    if isinstance(one, frozenset):
        kinds, others = set(map(type, one)), set(map(type, other))
        is_same_kind = kinds == others or (is_loose and kinds == {int})
        return bool(one == other) and is_same_kind
    # A moment with its offset, a decimal number with its zeros.
    return repr(one) == repr(other)


def _text(key: Any) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)


def _is_written(value: Any, write: Callable[[Any], object]) -> bool:
    try:
        write(value)
    except (TypeError, OverflowError, UnicodeEncodeError):
        return False
    return True
