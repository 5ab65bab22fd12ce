"""
What an application may rely on, as one text with the signature of each public name.

Owns: reading it from the code; the file with the agreed one.
Must not know: which changes break whom: griffe knows.
Runs in: the test process, and alone (`make api`) to agree on what the code has now.
"""

from __future__ import annotations

from collections.abc import Iterator

import griffe

from tests.support.source_code import PACKAGE, ROOT

AGREED = ROOT / "tests" / "support" / "public_api.txt"


def present_api() -> str:
    """Return the public API of the code, written like a stub."""
    package = griffe.load(PACKAGE, search_paths=[ROOT / "src"], resolve_aliases=True)
    lines = (line for name in package.exports or () for line in _lines(package, name))
    return "\n".join(lines) + "\n"


def breaking_changes(agreed: str, present: str) -> list[str]:
    """Return what of one API no longer works with the other, one line each."""
    old, new = (
        griffe.visit(PACKAGE, filepath=AGREED.with_suffix(".pyi"), code=text)
        for text in (agreed, present)
    )
    return [each.explain() for each in griffe.find_breaking_changes(old, new)]


def _lines(package: griffe.Object | griffe.Alias, name: object) -> Iterator[str]:
    found = package[str(name)]
    if isinstance(found, griffe.Alias):
        found = found.final_target
    if isinstance(found, griffe.Class):
        bases = ", ".join(map(str, found.bases))
        yield from _decorators(found)
        yield f"class {found.name}({bases}):" if bases else f"class {found.name}:"
        yield "    ..."
        for member in found.members.values():
            if member.is_public and member.name != "__slots__":
                yield from (f"    {line}" for line in _member(member))
    else:
        yield from _member(found)


def _member(member: griffe.Object | griffe.Alias) -> Iterator[str]:
    if isinstance(member, griffe.Function):
        yield from _decorators(member)
        signature = str(member.signature(return_type=True))
        if isinstance(member.parent, griffe.Class):
            signature = signature.replace("(", "(self, ", 1).replace("self, )", "self)")
        yield f"def {signature}: ..."
    elif isinstance(member, griffe.Attribute):
        is_plain = "property" not in member.labels
        annotation = member.annotation or "object"
        if is_plain:
            yield f"{member.name}: {annotation}"
        else:
            yield "@property"
            yield f"def {member.name}(self) -> {annotation}: ..."


def _decorators(found: griffe.Class | griffe.Function) -> Iterator[str]:
    for decorator in found.decorators:
        yield f"@{decorator.value}"


if __name__ == "__main__":
    AGREED.write_text(present_api())
