"""
What a config looks like to whoever compares it with the one before.

Owns: which keys it sets itself, and which of those that code requires are blank.
Must not know: which of two configs is good, files, bytes.
Runs in: the publisher and the CLI.

A class has a value for each key that a file leaves out. A file that lost half of its
keys makes a config with all of them, so what has its default counts as not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import NODEFAULT, Struct, inspect

from liveconfig.errors import KeyPath
from liveconfig.schema.explain import RAISED
from liveconfig.schema.nodes import ClassNode, members

_LACKS: Mapping[str, Any] = {}


class Outline(Struct, frozen=True):
    """
    A config as plain data, to be compared with another of the same schema.

    Attributes:
        data: all of it, defaults spelled out.
        own: the part of it that is not there by default.
        blank: the ways to what code requires and holds nothing.
    """

    data: Any
    own: Any
    blank: tuple[KeyPath, ...]

    def __repr__(self) -> str:
        # For whatever records the local variables of a traceback.
        return f"{type(self).__name__}()"


class Outliner:
    """Makes the outlines of the configs of one schema."""

    def __init__(self, root: inspect.Type, plain: Callable[[Any], Any]) -> None:
        """
        Prepare to outline.

        Args:
            root: the node of the class.
            plain: returns a part of a config as plain data.
        """
        self._root = root
        self._plain = plain
        self._defaults: dict[int, Any] = {}

    def outline(self, data: Any, document: Any = None) -> Outline:
        """
        Return the outline of a config.

        Args:
            data: the config as plain data.
            document: what its source holds, None where nobody knows: a key that
                stands there is set, whatever its value.
        """
        own = self._own(self._root, data, document)
        return Outline(data, own, tuple(_blank(self._root, data, ())))

    def _own(self, node: inspect.Type | None, data: Any, document: Any) -> Any:
        if not isinstance(data, dict) or node is None:
            return data
        fields, values = _place(node, data)
        written = document if isinstance(document, Mapping) else _LACKS
        return {
            key: self._own(_type(fields.get(key), values), value, written.get(key))
            for key, value in data.items()
            if key in written
            or key not in fields
            or not self._is_default(fields[key], value)
        }

    def _is_default(self, field: inspect.Field, value: Any) -> bool:
        default = self._default(field)
        return type(value) is type(default) and bool(value == default)

    def _default(self, field: inspect.Field) -> Any:
        """Return the default as plain data, made once for all objects."""
        if id(field) not in self._defaults:
            try:
                self._defaults[id(field)] = self._plain(_made(field))
            except RAISED:
                # There is none, or code of the class fails: nothing counts as it.
                self._defaults[id(field)] = NODEFAULT
        return self._defaults[id(field)]


def _made(field: inspect.Field) -> Any:
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return field.default


def is_blank(value: Any) -> bool:
    """Return whether there is nothing in a value; a number is always something."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (dict, list, bytes)) and not value)


def _blank(node: inspect.Type | None, data: Any, keys: KeyPath) -> Iterator[KeyPath]:
    # Not in lists: the same index is another item after any insertion.
    if not isinstance(data, dict) or node is None:
        return
    fields, values = _place(node, data)
    for key, value in data.items():
        field = fields.get(key)
        if field is not None and field.required and is_blank(value):
            yield (*keys, key)
        yield from _blank(_type(field, values), value, (*keys, key))


def _place(
    node: inspect.Type, data: Mapping[str, Any]
) -> tuple[Mapping[str, inspect.Field], inspect.Type | None]:
    """Return the fields of the class that data is of, and the type of other values."""
    for member in members(node):
        if isinstance(member, inspect.DictType):
            return {}, member.value_type
        if isinstance(member, ClassNode) and _is_of(member, data):
            return {field.encode_name: field for field in member.fields}, None
    return {}, None


def _type(
    field: inspect.Field | None, values: inspect.Type | None
) -> inspect.Type | None:
    return values if field is None else field.type


def _is_of(node: ClassNode, data: Mapping[str, Any]) -> bool:
    tag_field = getattr(node, "tag_field", None)
    return tag_field is None or data.get(tag_field) == getattr(node, "tag", None)
