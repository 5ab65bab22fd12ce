"""
What the types of a config say about its keys, apart from what may stand there.

Owns: the mark of keys that need a restart; which keys may hold secrets.
Must not know: documents, configs, bytes.
Runs in: the publisher, the workers and the CLI.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec import Meta, inspect

from liveconfig.config.excerpt import KeyNames
from liveconfig.config.nodes import (
    ClassNode,
    by_key,
    members,
    parts,
    reachable,
    unwrapped,
)
from liveconfig.config.secret import Secret
from liveconfig.errors import KeyPath

_MARK = "liveconfig.needs_restart"

# Written as `workers: Annotated[int, NEEDS_RESTART] = 4`: a running process cannot
# apply a change of this key, or of what is below it.
NEEDS_RESTART = Meta(extra={_MARK: True}, extra_json_schema={"x-needs-restart": True})


def touches_mark(root: inspect.Type, keys: KeyPath) -> bool:
    """
    Tell whether a change at `keys` is one of a key that needs a restart.

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
    """Return the names of all keys of the classes below `root`, sorted by secrecy."""
    secret, holders, others = set[str](), set[str](), set[str]()
    for node in reachable(root):
        if isinstance(node, ClassNode):
            for name, below in by_key(node).items():
                if _has_secret(reachable(below, into_classes=False)):
                    secret.add(name)
                else:
                    has_secret = _has_secret(reachable(below))
                    (holders if has_secret else others).add(name)
            if isinstance(node, inspect.StructType) and node.tag_field:
                others.add(node.tag_field)
    holders -= secret
    return KeyNames(
        frozenset(secret), frozenset(holders), frozenset(others - secret - holders)
    )


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
