"""
The project's own code, read and not run.

Owns: parsing a file; its imports, functions and what it names, in full; setup.cfg.
Must not know: any rule.
Runs in: the test process.
"""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "liveconfig"
_SOURCE = ROOT / "src"


def setup() -> configparser.ConfigParser:
    """Return what setup.cfg says."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read_string((ROOT / "setup.cfg").read_text())
    return setup


Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One parsed file, and how it is named in messages."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        """Parse the file, or what might stand in it."""
        self.path = path
        self.text = path.read_text() if text is None else text
        self.tree = ast.parse(self.text)
        self.place = path.relative_to(ROOT).as_posix()

    @property
    def name(self) -> str:
        """The dotted name of a module of the package."""
        parts = self.path.relative_to(_SOURCE).with_suffix("").parts
        return ".".join(part for part in parts if part != "__init__")

    @property
    def is_test(self) -> bool:
        """Whether it is no part of what runs in a service."""
        return self.place.startswith("tests/")

    def at(self, node: ast.AST, reason: str) -> str:
        """Say where a rule is broken and why it is one."""
        return f"{self.place}:{getattr(node, 'lineno', 1)}: {reason}"

    def is_one_of(self, names: Iterable[str]) -> bool:
        """
        Return whether a list names this module, or its package with a dot behind it.

        The names are those inside of our package, which itself is "".
        """
        return any(
            f"{self.name}.".startswith(f"{PACKAGE}.{name}")
            if name.endswith(".")
            else self.name == f"{PACKAGE}.{name}".rstrip(".")
            for name in names
        )

    def imports(self) -> Iterator[tuple[ast.stmt, str]]:
        """Yield every import with the full name of what it imports."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node, alias.name
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield node, f"{'.' * node.level}{node.module or ''}.{alias.name}"

    def functions(self) -> Iterator[Function]:
        """Yield every function and method, nested ones as well."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def uses(self) -> Iterator[tuple[ast.AST, str]]:
        """Yield what is imported and what is named, by its full dotted name."""
        yield from self.imports()
        known = self._known()
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Name, ast.Attribute)):
                head, dot, rest = ast.unparse(node).partition(".")
                yield node, known.get(head, head) + dot + rest

    def _known(self) -> dict[str, str]:
        known: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                known |= {a.asname: a.name for a in node.names if a.asname}
            elif isinstance(node, ast.ImportFrom):
                module = f"{node.module}."
                known |= {a.asname or a.name: module + a.name for a in node.names}
        return known


def body_lines(function: Function) -> int:
    """Count the lines of a function, its docstring left aside."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        assert docstring.end_lineno is not None
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def public_names(
    tree: ast.Module | ast.ClassDef,
) -> Iterator[Function | ast.ClassDef]:
    """Yield the public functions, classes and methods."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_names(node)
