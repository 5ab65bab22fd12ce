"""
Anybody's text as HTML: shown, never executed.

Owns: escaping, and making visible what hides or reorders text.
Must not know: what the page says.
Runs in: every worker.

Text becomes HTML in `element` and nowhere else, so that none can be forgotten. What it
returns is well-formed XML too, which a test can hold it to.
"""

from __future__ import annotations

import unicodedata
from html import escape

# Elements that have neither content nor an end.
_VOID = frozenset({"link", "meta"})


class Markup(str):
    """HTML that `element` or `joined` made, which is not escaped again."""

    __slots__ = ()


Child = str | Markup | None


def element(name: str, /, *children: Child, **attributes: str | int | None) -> Markup:
    """
    Return an element.

    Args:
        name: of the element, a literal of this package.
        children: text, which is escaped, or what this function returned; None is left
            out.
        attributes: `class_` and `data_key` become `class` and `data-key`; None leaves
            one out. They are escaped, but hold no text of strangers.
    """
    opening = name + "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{opening}/>")
    return Markup(f"<{opening}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Markup:
    """Return several children as one, the text among them escaped."""
    return Markup("".join(_html(child) for child in children if child is not None))


def _html(child: str) -> str:
    if isinstance(child, Markup):
        return child
    if child.isprintable():
        return escape(child)
    return "".join(map(_character, child))


def _character(character: str) -> str:
    """Escape one character; those that are not seen stand there by their number."""
    if character.isprintable() or character in "\n\t":
        return escape(character)
    return element(
        "span",
        f"U+{ord(character):04X}",
        class_="unseen",
        title=unicodedata.name(character, "a character without a name").lower(),
    )
