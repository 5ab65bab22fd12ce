"""
The pages of the documentation that say what the code says: `make docs` writes them.

Owns: the text of each such page.
Must not know: Sphinx.
Runs in: a process of its own, and in the test that holds the pages against the code.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

_DOCS = Path(__file__).resolve().parent
_PACKAGE = _DOCS.parent / "src" / "liveconfig"

# As the data goes; a package that is not named here comes last.
_ORDER = (
    "watch",
    "reading",
    "schema",
    "publishing",
    "memory",
    "processes",
    "worker",
    "master",
    "operators",
    "command",
    "reference",
)

_CODE_MAP = """\
# Code map

```text
           publisher process (exactly one)            shared memory     every worker
 source ─▶ watch ─▶ reading ─▶ schema ─▶ publishing ─▶ memory ─▶ worker ─▶ response
```

Data goes one way, from the source to the response.
The first lines of each module say what it owns, what it must not know,
and where it runs.

| in `src/liveconfig/` | what it is |
| --- | --- |
"""


def _charter(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]


def _modules() -> Iterator[tuple[str, str]]:
    found = {path.parent.name for path in _PACKAGE.glob("*/__init__.py")}
    for name in (*_ORDER, *sorted(found - set(_ORDER))):
        package = _PACKAGE / name
        yield f"**`{name}/`**", _charter(package / "__init__.py")
        for path in sorted(package.glob("*.py")):
            if path.stem != "__init__":
                yield f"`{name}/{path.stem}`", _charter(path)
    for path in sorted(_PACKAGE.glob("*.py")):
        if path.stem != "__init__":
            yield f"`{path.stem}`", _charter(path)


def code_map() -> str:
    """Return the page that names each module with the first line of its charter."""
    return _CODE_MAP + "".join(f"| {name} | {text} |\n" for name, text in _modules())


PAGES: dict[str, Callable[[], str]] = {
    "contribute/code-map.md": code_map,
}


def main() -> None:
    """Write every page anew."""
    for name, text in PAGES.items():
        (_DOCS / name).write_text(text())


if __name__ == "__main__":
    main()
