"""
What the types of a config say about its keys, apart from what may stand there.

Owns: the mark of keys that need a restart; which keys may hold secrets.
Must not know: documents, configs, bytes.
Runs in: the publisher, the workers and the CLI.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import chain

from msgspec import Meta, inspect

from liveconfig.errors import KeyPath
from liveconfig.masking.names import KeyNames
from liveconfig.masking.secret import Secret
from liveconfig.schema.nodes import (
    ClassNode,
    by_key,
    members,
    parts,
    reachable,
    unwrapped,
)

_MARK = "liveconfig.needs_restart"

NEEDS_RESTART = Meta(extra={_MARK: True}, extra_json_schema={"x-needs-restart": True})
"""
The mark of a key whose change takes effect only after a restart.

A running process cannot apply a change of such a key, or of what is below it. The new
value is published as any other, and `/status` and the command line name the key until
the service is restarted.

Example::

    class ShopConfig(Struct, frozen=True):
        pool_size: Annotated[int, NEEDS_RESTART] = 4
"""


def touches_mark(root: inspect.Type, keys: KeyPath) -> bool:
    """
    Return whether a change at `keys` is one of a key that needs a restart.

    That key is the one there, one on the way to it or one below it. Where classes of a
    union have keys of the same name, one that is marked counts for all of them.
    """
    places = [root]
    for key in keys:
        if _has_mark(chain.from_iterable(map(unwrapped, places))):
            return True
        nodes = (member for place in places for member in members(place))
        places = [below for node in nodes for below in _below(node, key)]
    return _has_mark(chain.from_iterable(map(reachable, places)))


def key_names(root: inspect.Type) -> KeyNames:
    """Return the names of all keys that the types below `root` name."""
    own = set[str]()
    for node in reachable(root):
        if isinstance(node, ClassNode):
            own.update(by_key(node))
            if isinstance(node, inspect.StructType) and node.tag_field:
                own.add(node.tag_field)
        elif isinstance(node, inspect.DictType):
            own.update(_named_keys(node.key_type))
    return KeyNames(frozenset(own), _secrecy(root))


def _named_keys(node: inspect.Type) -> Iterator[str]:
    for member in members(node):
        if isinstance(member, inspect.LiteralType):
            yield from map(str, member.values)
        elif isinstance(member, inspect.EnumType):
            yield from (str(each.value) for each in member.cls)


def _secrecy(root: inspect.Type) -> str:
    if not _has_secret(reachable(root)):
        return ""
    places = sorted(
        f"{_name(node)}.{name}: {_sketch(below)}"
        for node in reachable(root)
        if isinstance(node, ClassNode)
        for name, below in by_key(node).items()
    )
    return sha256("\n".join(places).encode()).hexdigest()[:16]


def _sketch(node: inspect.Type) -> list[str]:
    found = reachable(node, into_classes=False)
    return sorted(_name(each) for each in found)


def _name(node: inspect.Type) -> str:
    class_ = getattr(node, "cls", type(node))
    return getattr(class_, "__qualname__", str(class_))


def _below(node: inspect.Type, key: str | int) -> tuple[inspect.Type, ...]:
    if isinstance(node, inspect.StructType) and key == node.tag_field:
        # Another tag makes another value of the whole.
        return (node,)
    if isinstance(node, ClassNode):
        found = by_key(node).get(str(key))
        return () if found is None else (found,)
    return parts(node) if isinstance(node, inspect.DictType) else ()


def _has_mark(nodes: Iterable[inspect.Type]) -> bool:
    return any(
        isinstance(node, inspect.Metadata) and _MARK in (node.extra or ())
        for node in nodes
    )


def _has_secret(nodes: Iterator[inspect.Type]) -> bool:
    return any(
        isinstance(node, inspect.CustomType) and node.cls is Secret for node in nodes
    )
