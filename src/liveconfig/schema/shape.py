"""
The shape of a config: the tree of types behind its class.

Owns: which types a config may be made of; following a document along them; freezing.
Must not know: conversion, bytes, the wording of refusals of a document.
Runs in: the publisher, the workers and the CLI.
"""

from __future__ import annotations

import typing
from collections.abc import (
    Callable,
    Collection,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from datetime import date
from types import MappingProxyType
from typing import Any

from msgspec import Struct, inspect
from msgspec.structs import force_setattr

from liveconfig.errors import KeyPath, StartupError
from liveconfig.masking.secret import Secret
from liveconfig.schema.anatomy import Anatomy
from liveconfig.schema.classes import (
    annotation_problem,
    class_problem,
    named_tuple_problem,
)
from liveconfig.schema.nodes import (
    ClassNode,
    FieldsNode,
    by_key,
    members,
    parts,
    reachable,
    takes_anything,
)

# The type of a config without a class.
PLAIN_MAPPING: Any = Mapping[str, Any]

_OF_MAPPING = (
    inspect.StructType,
    inspect.DataclassType,
    inspect.DictType,
)
_OF_LIST = (
    inspect.VarTupleType,
    inspect.FrozenSetType,
    inspect.TupleType,
    inspect.NamedTupleType,
)

# Values of these types hold nothing that could need freezing.
_LEAVES = frozenset({str, int, float, bool, type(None)})

_SORTABLE: Mapping[type, type[inspect.Type]] = MappingProxyType(
    {str: inspect.StrType, int: inspect.IntType, float: inspect.FloatType}
)

_REPLACEMENTS: Mapping[type[inspect.Type], str] = MappingProxyType(
    {
        inspect.ListType: "a list can be changed: annotate tuple[X, ...]",
        inspect.SetType: "a set can be changed: annotate frozenset[X]",
        inspect.TypedDictType: "a TypedDict can be changed: make it a frozen class",
        inspect.ByteArrayType: "a bytearray can be changed: annotate bytes",
        inspect.MemoryViewType: "a memoryview can be changed: annotate bytes",
        inspect.RawType: "a config file cannot hold a Raw",
        inspect.ExtType: "a config file cannot hold an Ext",
    }
)


class Shape:
    """
    The types that a config is made of, all of them immutable.

    Attributes:
        root: the node of the class.
        freeze: make what was just decoded deeply immutable and return it: mappings
            become `MappingProxyType`, lists tuples. It works in place and visits
            only what may hold a mapping. None when nothing can.
        anatomy: what its configs are made of.
        has_moments: whether a date with a time may be in it.
    """

    root: inspect.Type
    freeze: Callable[[Any], Any] | None
    anatomy: Anatomy
    has_moments: bool

    def __init__(self, type_: Any) -> None:
        """
        Read and check the annotations of `type_`.

        Raises:
            StartupError: a type can be changed, or a file cannot hold it.
            TypeError, NameError: msgspec cannot handle a type; or whatever else
                the annotations raise when they are evaluated.
        """
        self.root = inspect.type_info(type_)
        if not isinstance(self.root, ClassNode) and type_ is not PLAIN_MAPPING:
            raise StartupError("it is no class of msgspec, dataclasses or attrs")
        fields: dict[type, set[str]] = {}
        _check(self.root, "", set(), fields)
        self.freeze = _freezer(fields) if _may_hold_mapping(self.root) else None
        nodes = tuple(reachable(self.root))
        self.anatomy = Anatomy(
            {
                _class(node): tuple(
                    (each.name, each.encode_name) for each in node.fields
                )
                for node in nodes
                if isinstance(node, ClassNode)
            }
        )
        self.has_moments = any(isinstance(n, inspect.DateTimeType) for n in nodes)
        self._has_untyped_part = any(map(takes_anything, nodes))

    def unknown_keys(self, data: Mapping[str, Any]) -> tuple[KeyPath, ...]:
        """Return where `data`, which converts, has keys that no class names."""
        return tuple(k for k, node, _ in _walk(self.root, data, ()) if node is None)

    def untyped_dates(self, data: Mapping[str, Any]) -> Iterator[KeyPath]:
        """Yield where `data` has a date although nothing asks for one."""
        if not self._has_untyped_part:
            return
        for keys, node, value in _walk(self.root, data, ()):
            if node is not None and takes_anything(node):
                for below in _dates(value):
                    yield (*keys, *below)

    def made_classes(
        self, data: Mapping[str, Any]
    ) -> Iterator[tuple[KeyPath, Any, tuple[type, ...]]]:
        """Yield each place of `data` where objects are made, and of which classes."""
        for keys, node, value in _walk(self.root, data, ()):
            found = members(node) if node is not None else ()
            yield keys, value, tuple(n.cls for n in found if isinstance(n, FieldsNode))

    def make_whole(self, data: dict[str, Any]) -> bool:
        """Make 5 of 5.0 where a whole number is asked for; return if there was one."""
        found = [
            (keys, int(value))
            for keys, node, value in _walk(self.root, data, ())
            if type(value) is float and value.is_integer() and _asks_for_whole(node)
        ]
        for (*above, key), value in found:
            parent: Any = data
            for name in above:
                parent = parent[name]
            parent[key] = value
        return bool(found)

    def choices(
        self, data: Mapping[str, Any], keys: KeyPath, is_key: bool
    ) -> tuple[Any, ...]:
        """Return what is allowed at `keys` of `data`, or as a key there; () for any."""
        place = keys[:-1] if is_key else keys
        nodes = [n for here, n, _ in _walk(self.root, data, ()) if here == place]
        found = [member for node in nodes if node for member in members(node)]
        if is_key:
            mappings = (node for node in found if isinstance(node, inspect.DictType))
            found = [key for node in mappings for key in members(node.key_type)]
        return tuple(choice for member in found for choice in _choices(member))


def _choices(node: inspect.Type) -> tuple[Any, ...]:
    if isinstance(node, inspect.LiteralType):
        return node.values
    if isinstance(node, inspect.EnumType):
        return tuple(member.value for member in node.cls)
    return (None,) if isinstance(node, inspect.NoneType) else ()


def _asks_for_whole(node: inspect.Type | None) -> bool:
    kinds = (inspect.IntType, inspect.EnumType, inspect.LiteralType)
    others = (inspect.FloatType, inspect.DecimalType, inspect.AnyType)
    found = members(node) if node is not None else ()
    return any(isinstance(n, kinds) for n in found) and not any(
        isinstance(n, others) for n in found
    )


def _check(
    node: inspect.Type,
    place: str,
    seen: set[Any],
    fields: dict[type, set[str]],
) -> None:
    # Fills `fields` with the names that `_freezer` must visit, by class.
    problem = _problem(node)
    if problem:
        raise StartupError(f"{place}: {problem}" if place else problem)
    if not isinstance(node, FieldsNode):
        for part in parts(node):
            _check(part, place, seen, fields)
    elif node.cls not in seen:
        seen.add(node.cls)
        class_ = _class(node)
        hints = typing.get_type_hints(class_, include_extras=True)
        for field in node.fields:
            place = f"{class_.__qualname__}.{field.name}"
            _check(field.type, place, seen, fields)
            problem = _hint_problem(hints.get(field.name))
            if problem:
                raise StartupError(f"{place}: {problem}")
            if _may_hold_mapping(field.type):
                fields.setdefault(class_, set()).add(field.name)


def _class(node: FieldsNode) -> type:
    # Of a generic class, `cls` is the alias, as in Box[int].
    class_: type = typing.get_origin(node.cls) or node.cls
    return class_


def _problem(node: inspect.Type) -> str:
    if type(node) in _REPLACEMENTS:
        return _REPLACEMENTS[type(node)]
    if isinstance(node, inspect.CustomType) and node.cls is not Secret:
        return f"a config file cannot hold a {node.cls.__name__}"
    if isinstance(node, inspect.DictType):
        is_bare = takes_anything(node.key_type) and takes_anything(node.value_type)
        if not is_bare and not _is_sortable(node.key_type, str):
            return "the keys of a mapping are text: annotate Mapping[str, X]"
    if isinstance(node, inspect.FrozenSetType):
        item = node.item_type
        if not any(_is_sortable(item, kind) for kind in (str, int, float)):
            # Their order would differ from pod to pod, and with it the digest.
            return "a frozenset holds texts or numbers: annotate tuple[X, ...]"
    if isinstance(node, inspect.NamedTupleType):
        return named_tuple_problem(_class(node))
    return class_problem(_class(node)) if isinstance(node, ClassNode) else ""


def _is_sortable(node: inspect.Type, kind: type) -> bool:
    if isinstance(node, inspect.Metadata):
        return _is_sortable(node.type, kind)
    if isinstance(node, inspect.LiteralType):
        return all(type(value) is kind for value in node.values)
    if isinstance(node, inspect.EnumType):
        return issubclass(node.cls, kind)
    return type(node) is _SORTABLE[kind]


def _hint_problem(hint: Any) -> str:
    # msgspec takes `dict` and `Mapping` for one: only the annotation does not.
    if _is_writable_mapping(hint):
        return "a dict can be changed: annotate Mapping[str, X] of collections.abc"
    return annotation_problem(hint)


def _is_writable_mapping(annotation: Any) -> bool:
    origin = typing.get_origin(annotation) or annotation
    if isinstance(origin, type) and issubclass(origin, MutableMapping):
        return True
    # The first is what `type X = ...` stands for, the second what NewType does.
    for name in ("__value__", "__supertype__"):
        if hasattr(annotation, name):
            return _is_writable_mapping(getattr(annotation, name))
    return any(map(_is_writable_mapping, typing.get_args(annotation)))


def _walk(
    node: inspect.Type | None, value: Any, keys: KeyPath
) -> Iterator[tuple[KeyPath, inspect.Type | None, Any]]:
    # The node is None where a key is unknown; nothing is visited below that, nor where
    # anything is taken. Goes on where a value does not fit: refusals are explained by
    # it as well.
    yield keys, node, value
    if node is None or takes_anything(node) or not isinstance(value, (dict, list)):
        return
    kinds = _OF_MAPPING if isinstance(value, dict) else _OF_LIST
    fitting = [member for member in members(node) if isinstance(member, kinds)]
    if fitting:
        child_of = _children(fitting, value)
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, below in items:
            if type(below) in _LEAVES:
                yield (*keys, key), child_of(key), below
            else:
                yield from _walk(child_of(key), below, (*keys, key))


def _dates(value: Any) -> Iterator[KeyPath]:
    if isinstance(value, date):
        yield ()
    elif isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, below in items:
            if type(below) not in _LEAVES:
                for keys in _dates(below):
                    yield (key, *keys)


def _children(
    fitting: Sequence[inspect.Type], value: Any
) -> Callable[[Any], inspect.Type | None]:
    # msgspec allows one type for lists and one for mappings in a union, unless the
    # latter are tagged classes.
    node = fitting[0]
    if isinstance(node, inspect.TupleType):
        return dict(enumerate(node.item_types)).get
    if isinstance(node, inspect.NamedTupleType):
        return dict(enumerate(field.type for field in node.fields)).get
    if isinstance(node, inspect.StructType) and node.tag_field is not None:
        return _tagged_children(fitting, value).get
    if isinstance(node, ClassNode):
        return by_key(node).get
    part = parts(node)[0]
    return lambda _: part


def _tagged_children(
    fitting: Sequence[inspect.Type], value: Mapping[str, Any]
) -> Mapping[str, inspect.Type]:
    by_tag = {n.tag: n for n in fitting if isinstance(n, inspect.StructType)}
    tag_field = next(str(node.tag_field) for node in by_tag.values())
    tag = value.get(tag_field)
    # A list as the tag is refused by msgspec, but must not fail as a key here.
    named = by_tag.get(tag) if isinstance(tag, (str, int)) else None
    children = by_key(named) if named else {}
    return {**children, tag_field: inspect.LiteralType(tuple(by_tag))}


def _may_hold_mapping(node: inspect.Type) -> bool:
    kinds = (inspect.DictType, inspect.AnyType)
    return any(isinstance(below, kinds) for below in reachable(node))


def _freezer(fields: Mapping[type, Collection[str]]) -> Callable[[Any], Any]:
    leaves, proxy = _LEAVES, MappingProxyType

    def freeze(value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            for key, item in value.items():
                if type(item) not in leaves:
                    value[key] = freeze(item)
            return proxy(value)
        if kind is list or kind is tuple:
            return tuple([i if type(i) in leaves else freeze(i) for i in value])
        if isinstance(value, tuple):
            return kind(*map(freeze, value))
        assign = force_setattr if isinstance(value, Struct) else object.__setattr__
        for name in fields.get(kind, ()):
            assign(value, name, freeze(getattr(value, name)))
        return value

    return freeze
