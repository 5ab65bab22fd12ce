"""
The nodes of a tree of types, each seen without what is wrapped around it.

Owns: what a node is made of; the two wrappers, which are unions and annotations.
Must not know: which types are allowed, and what they mean.
Runs in: the publisher, the workers and the CLI.

The tree is what `msgspec.inspect` makes of the annotations of a class. It may be a
graph: a class that mentions itself leads back to its own node.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import inspect

ClassNode = inspect.StructType | inspect.DataclassType
FieldsNode = ClassNode | inspect.NamedTupleType


def unwrapped(node: inspect.Type) -> Iterator[inspect.Type]:
    """Yield `node` and what it wraps, wrappers included."""
    yield node
    # `Annotated[X, Meta(...)]`, where the annotation is more than a constraint.
    if isinstance(node, inspect.Metadata):
        yield from unwrapped(node.type)
    # A union stands inside of another where an annotation stands between them.
    elif isinstance(node, inspect.UnionType):
        for member in node.types:
            yield from unwrapped(member)


def members(node: inspect.Type) -> tuple[inspect.Type, ...]:
    """Return the types that a value at `node` may have, none of them a wrapper."""
    wrappers = (inspect.Metadata, inspect.UnionType)
    return tuple(found for found in unwrapped(node) if not isinstance(found, wrappers))


def takes_anything(node: inspect.Type) -> bool:
    """Return whether a value at `node` may be anything."""
    return any(isinstance(member, inspect.AnyType) for member in members(node))


def parts(node: inspect.Type) -> tuple[inspect.Type, ...]:
    """Return the nodes one step below `node`; of a mapping, that of its values."""
    if isinstance(node, FieldsNode):
        return tuple(field.type for field in node.fields)
    if isinstance(node, inspect.DictType):
        return (node.value_type,)
    if isinstance(node, (inspect.VarTupleType, inspect.FrozenSetType)):
        return (node.item_type,)
    if isinstance(node, inspect.TupleType):
        return node.item_types
    if isinstance(node, inspect.Metadata):
        return (node.type,)
    return node.types if isinstance(node, inspect.UnionType) else ()


def reachable(node: inspect.Type, into_classes: bool = True) -> Iterator[inspect.Type]:
    """Yield `node` and every node below it once; on demand, none below a class."""
    seen = set[int]()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            if into_classes or not isinstance(node, ClassNode):
                waiting.extend(parts(node))


def by_key(node: ClassNode) -> dict[str, inspect.Type]:
    """Return the nodes of the fields of a class, by the keys of a document."""
    return {field.encode_name: field.type for field in node.fields}
