"""
How code is changed, by the names of things: formatting and other lines do not matter.

Owns: finding what has a qualified name, the few changes that can be made in it.
Must not know: which safeguards there are, how tests are run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.

A change finds its place by the names there: of functions, attributes, variables and
keyword arguments, and whole strings. Of a statement that holds others only its head
counts. Of two places, one in the other, the inner one is meant; any others that are
alike are an error, as the table no longer says which it means.
"""

from __future__ import annotations

import ast
import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_New = ast.AST | list[ast.stmt]

_PARTS = ("values", "elts", "args", "keywords")
_BLOCKS = {"body", "orelse", "finalbody", "handlers", "cases"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.keyword)


@dataclass(frozen=True)
class Change(ABC):
    """
    One change of a function, a class, a constant or a module.

    Attributes:
        names: what the place names, all of it, with blanks between.
        nth: which place, from 1, where several are alike; 0 for the only one.
    """

    names: str
    nth: int = field(default=0, kw_only=True)

    @abstractmethod
    def of(self, node: ast.AST) -> _New | None:
        """Return what comes in the place of a node, None if it is not meant."""

    def is_at(self, node: ast.AST) -> bool:
        """Tell whether all names are there."""
        return {*self.names.split()} <= {*_names(node)}

    def make(self, tree: ast.Module, scope: ast.AST) -> None:
        """
        Change the module in that part of it.

        Raises:
            ValueError: there is no such place, or more than one.
        """
        found = {node: new for node in ast.walk(scope) if (new := self.of(node))}
        inner = [each for each in found if not found.keys() & {*_below(each)}]
        if len(inner) < self.nth or not (self.nth or len(inner) == 1):
            raise ValueError(f"{self} means {len(inner)} places")
        old = sorted(inner, key=_position)[self.nth - 1]
        _Replacing(old, found[old]).visit(tree)


class Drop(Change):
    """A statement is left out."""

    def of(self, node: ast.AST) -> _New | None:
        """Return what does nothing."""
        return ast.Pass() if _is_step(node) and self.is_at(node) else None


@dataclass(frozen=True)
class Instead(Change):
    """A statement becomes others."""

    statements: str

    def of(self, node: ast.AST) -> _New | None:
        """Return the others."""
        is_meant = _is_step(node) and self.is_at(node)
        return ast.parse(self.statements).body if is_meant else None


class Never(Change):
    """A condition never holds."""

    value = False

    def of(self, node: ast.AST) -> _New | None:
        """Return the same with a constant condition."""
        if not isinstance(node, (ast.If, ast.IfExp, ast.While)):
            return None
        return (
            _with(node, test=ast.Constant(self.value))
            if self.is_at(node.test)
            else None
        )


class Always(Never):
    """A condition always holds."""

    value = True


class Only(Change):
    """Of operands, a choice, or a call and its arguments, one is all that is left."""

    def of(self, node: ast.AST) -> _New | None:
        """Return that one."""
        if isinstance(node, ast.IfExp):
            return self._one_of([node.body, node.orelse])
        if isinstance(node, ast.BinOp):
            return self._one_of([node.left, node.right])
        if isinstance(node, ast.BoolOp):
            return self._one_of(node.values)
        return self._one_of(node.args) if isinstance(node, ast.Call) else None

    def _one_of(self, nodes: list[ast.expr]) -> ast.expr | None:
        found = [node for node in nodes if self.is_at(node)]
        return found[0] if len(found) == 1 else None


class Without(Change):
    """An operand, an element or an argument is left out."""

    def of(self, node: ast.AST) -> _New | None:
        """Return the others."""
        if isinstance(node, ast.BinOp):
            others = [each for each in (node.left, node.right) if not self.is_at(each)]
            return others[0] if len(others) == 1 else None
        if not isinstance(node, (ast.BoolOp, ast.Tuple, ast.Set, ast.List, ast.Call)):
            return None
        parts: dict[str, list[ast.AST]] = {
            name: getattr(node, name, []) for name in _PARTS
        }
        left = {
            name: [each for each in nodes if not self.is_at(each)]
            for name, nodes in parts.items()
        }
        if sum(map(len, left.values())) != sum(map(len, parts.values())) - 1:
            return None
        if isinstance(node, ast.BoolOp) and len(left["values"]) == 1:
            return left["values"][0]
        return _with(node, **left)


@dataclass(frozen=True)
class Value(Change):
    """A variable, a constant or a keyword argument gets another value."""

    value: str

    def of(self, node: ast.AST) -> _New | None:
        """Return the same with that value."""
        if not isinstance(node, _ASSIGNMENTS) or self.names not in _assigned(node):
            return None
        return _with(node, value=_expression(self.value))


@dataclass(frozen=True)
class Swap(Change):
    """An expression becomes another; it stands in the place of the names."""

    value: str

    def of(self, node: ast.AST) -> _New | None:
        """Return the other."""
        is_meant = ast.dump(node) == ast.dump(_expression(self.names))
        return _expression(self.value) if is_meant else None


@dataclass(frozen=True)
class Text(Change):
    """A part of a string becomes another; it stands in the place of the names."""

    value: str

    def of(self, node: ast.AST) -> _New | None:
        """Return the string with the other part."""
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            return None
        if node.value.count(self.names) != 1:
            return None
        return ast.Constant(node.value.replace(self.names, self.value))


@dataclass(frozen=True)
class Argument(Change):
    """An argument of a call of that name becomes another: by its number from 0."""

    number: int
    value: str

    def of(self, node: ast.AST) -> _New | None:
        """Return the call with the other argument."""
        if not isinstance(node, ast.Call) or self.names != _last(node.func):
            return None
        args = list(node.args)
        args[self.number] = _expression(self.value)
        return _with(node, args=args)


def changed(directory: Path, place: str, change: Change) -> tuple[Path, str]:
    """
    Return a file of the package, and its text with a change made in it.

    Args:
        directory: the package.
        place: the module, a colon, and the qualified name of what is changed in it. A
            name that only one module has is found wherever it is, so that modules can
            be renamed and functions can move.
        change: what is changed there.

    Raises:
        ValueError: nothing has that name, or the change does not fit.
    """
    module, _, name = place.partition(":")
    path = directory.joinpath(*module.split(".")).with_suffix(".py")
    if not (path.exists() and _defined(path, name)):
        found = [each for each in directory.rglob("*.py") if _defined(each, name)]
        if len(found) != 1:
            raise ValueError(f"{place} is in {len(found)} modules")
        path = found[0]
    tree = ast.parse(path.read_text())
    scope = _named(tree, name)
    assert scope is not None
    try:
        change.make(tree, scope)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    return path, ast.unparse(ast.fix_missing_locations(tree))


def _defined(path: Path, name: str) -> bool:
    return _named(ast.parse(path.read_text()), name) is not None


def _named(scope: ast.AST, name: str) -> ast.AST | None:
    """Return the function, the class or the assignment with a qualified name."""
    first, _, rest = name.partition(".")
    found = [each for each in _statements(scope) if first in _assigned(each)]
    if len(found) != 1:
        return None
    return _named(found[0], rest) if rest else found[0]


def _statements(scope: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of a scope, those of the functions in it left aside."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, _DEFINITIONS):
            yield from _statements(node)


def _assigned(node: ast.AST) -> list[str]:
    """Return the names to which a node gives a value."""
    if isinstance(node, _DEFINITIONS):
        return [node.name if node.name != "_" else _registered(node)]
    if isinstance(node, ast.Assign):
        return [*map(_last, node.targets)]
    if isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
        return [_last(node.target)]
    return [node.arg or ""] if isinstance(node, ast.keyword) else []


def _registered(node: ast.AST) -> str:
    """Return how one of several functions `_` is named: `_(Type)`, by what it takes."""
    assert isinstance(node, ast.FunctionDef)
    annotation = node.args.args[0].annotation
    return f"_({_last(annotation)})" if annotation else "_"


def _is_step(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt) and not isinstance(node, (*_DEFINITIONS, ast.Try))


def _names(node: ast.AST) -> Iterator[str]:
    for each in (node, *_below(node, of_head=True)):
        yield _last(each)


def _last(node: ast.AST) -> str:
    """Return the last part of how something is called, "" for what has no name."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            return name
        case ast.Constant(value=str(text)):
            return text
        case ast.Subscript(value=value):
            return _last(value)
    return ""


def _below(node: ast.AST, *, of_head: bool = False) -> Iterator[ast.AST]:
    """Yield all nodes in a node, or only those in the head of a statement."""
    for name, value in ast.iter_fields(node):
        if of_head and isinstance(node, ast.stmt) and name in _BLOCKS:
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield each
                yield from _below(each)


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class _Replacing(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: _New) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> _New:
        """Return the new node for the old one, any other as it is."""
        return self._new if node is self._old else self.generic_visit(node)
