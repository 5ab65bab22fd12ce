"""
Which classes may hold a config: frozen ones that msgspec makes as their own code would.

Owns: the refusals of a class, and of what stands in its annotations.
Must not know: documents, bytes, the types of the fields.
Runs in: the publisher, the workers and the CLI.

Why more than frozen: msgspec fills the fields of an object by itself. An `__init__`, a
converter or a validator of another library would never run, and nobody would notice.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

# Libraries whose marks in an annotation msgspec passes over.
_UNCHECKED = frozenset({"annotated_types", "pydantic", "pydantic_core"})

# Where the code of a constructor stands that dataclasses or attrs wrote.
_GENERATED = ("<string>", "<attrs generated")


def class_problem(class_: type) -> str:
    """Return why objects of a class cannot be configs, "" where they can."""
    problem = _problem(class_)
    return f"{class_.__qualname__} {problem}" if problem else ""


def annotation_problem(annotation: Any) -> str:
    """Return what an annotation asks for that nobody would check, "" where nothing."""
    for mark in _marks(annotation):
        library = type(mark).__module__.partition(".")[0]
        if library in _UNCHECKED:
            name = f"{library}.{type(mark).__name__}"
            return f"{name} would never be checked: write msgspec.Meta(...)"
    return ""


def named_tuple_problem(class_: type) -> str:
    """Return why a named tuple cannot be part of a config, "" where it can."""
    if tuple in _owner(class_, "__new__").__bases__:
        return ""
    return f"{class_.__qualname__} {_never_runs('__new__')}"


def _problem(class_: type) -> str:
    if hasattr(class_, "__pydantic_validator__"):
        return "is pydantic's, whose validators would never run: make it a dataclass"
    if not _is_frozen(class_):
        return "can be changed: declare it with frozen=True"
    if issubclass(class_, Struct):
        return _struct_problem(class_)
    if _owner(class_, "__new__") is not object:
        return _never_runs("__new__")
    owner = _owner(class_, "__init__")
    if owner is not object and not _is_generated(owner):
        return _never_runs("__init__")
    return _field_problem(class_)


def _struct_problem(class_: type[Struct]) -> str:
    if class_.__struct_config__.array_like:
        return "has array_like=True: a config has keys"
    if class_.__struct_config__.omit_defaults:
        # A new default in the code would change the config, but not its digest.
        return "has omit_defaults=True: leave it out"
    return ""


def _field_problem(class_: type) -> str:
    fields: Any = getattr(class_, "__attrs_attrs__", ())
    if dataclasses.is_dataclass(class_):
        fields = dataclasses.fields(class_)
    for field in fields:
        if getattr(field, "converter", None) is not None:
            return (
                f"has a converter for {field.name}, which would never run: write the "
                "value in the file as it is to be"
            )
        if not field.init:
            return (
                f"has init=False for {field.name}, which a file could set all the "
                "same: make it a property"
            )
    return ""


def _is_frozen(class_: type) -> bool:
    if issubclass(class_, Struct):
        return class_.__struct_config__.frozen
    parameters = getattr(class_, "__dataclass_params__", None)
    if parameters is not None:
        return bool(parameters.frozen)
    # attrs is optional, so that it is known by the method its frozen classes share.
    return getattr(class_.__setattr__, "__name__", "") == "_frozen_setattrs"


def _is_generated(owner: type) -> bool:
    """Return whether the constructor in `owner` is the one that its decorator wrote."""
    found = vars(owner)
    code = getattr(found["__init__"], "__code__", None)
    # `@dataclass` keeps the one that a class has, whatever its `init` says.
    if code is None or not code.co_filename.startswith(_GENERATED):
        return False
    if "__dataclass_params__" in found:
        return bool(found["__dataclass_params__"].init)
    # attrs gives its own one another name where the class has one.
    return "__attrs_attrs__" in found and "__attrs_init__" not in found


def _owner(class_: type, method: str) -> type:
    return next(base for base in class_.__mro__ if method in vars(base))


def _never_runs(method: str) -> str:
    return f"has a {method} of its own, which would never run: write a __post_init__"


def _marks(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    # The first is what `type X = ...` stands for, the second what NewType does.
    for name in ("__value__", "__supertype__"):
        if hasattr(annotation, name):
            yield from _marks(getattr(annotation, name))
    for argument in typing.get_args(annotation):
        yield from _marks(argument)
