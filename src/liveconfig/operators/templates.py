"""
Templates, filled in: whatever is filled in is text, shown and never executed.

Owns: escaping, and making visible what hides or reorders text.
Must not know: what the pages say.
Runs in: every worker that was asked for a page, from then on.

Every value goes through `_shown`, so that none can be forgotten. The pages are
well-formed XML too, which a test can hold them to.
"""

from __future__ import annotations

import re
import unicodedata
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from liveconfig.errors import shortened
from liveconfig.status.verdict import counted, place, sentence

_WORD = re.compile(r"[\w.-]+")
_UNUSUAL = re.compile(r"[^\n\t -~]")
# The lines of a template are none of the page; within Jinja's own tags they stay.
_LINE_BREAK = re.compile(r"({[{%#].*?[}%#]})|(\s*\n\s*)", re.DOTALL)


def render(name: str, /, **values: object) -> bytes:
    """Return the template `name`, filled in with `values`."""
    return _ENVIRONMENT.get_template(name).render(values).encode()


def _source(name: str) -> tuple[str, str, None]:
    """Return a template without its line breaks, and where it is, for a traceback."""
    path = resources.files(__package__) / "templates" / name
    text = _LINE_BREAK.sub(
        # A comment is no part of the page, and keeps the numbers of the lines.
        lambda found: found[1] or f"{{#{found[2]}#}}",
        path.read_text("utf-8"),
    )
    return text, str(path), None


def _shown(value: object) -> object:
    """Escape a text; its characters that are not seen stand there by their number."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return Markup(_UNUSUAL.sub(_named, escape(value)))


def _named(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    name = unicodedata.name(character, "a character without a name").lower()
    return f'<span class="unseen" title="{name}">U+{ord(character):04X}</span>'


def _marked(text: str, column: int) -> tuple[str, str, str]:
    """Part a line at the word or else the character at `column`; 0 is all of it."""
    begin, end = max(0, column - 1), column or len(text)
    if column and (word := _WORD.match(text, begin)):
        end = word.end()
    # At the end of a line there is nothing to mark but the place.
    return text[:begin], text[begin:end] or " ", text[end:]


_ENVIRONMENT = Environment(
    autoescape=True,
    auto_reload=False,
    finalize=_shown,
    loader=FunctionLoader(_source),
    undefined=StrictUndefined,
)
_ENVIRONMENT.filters.update(
    counted=counted,
    marked=_marked,
    place=place,
    sentence=sentence,
    shortened=shortened,
)
