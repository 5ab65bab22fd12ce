"""Anybody's text becomes text, whatever template it is put into."""

from __future__ import annotations

import re
import traceback
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from liveconfig.operators.templates import render
from tests.support.source_code import ROOT

_TEMPLATES = ROOT / "src" / "liveconfig" / "operators" / "templates"


def _filled(text: str, root: str | None = None) -> str:
    page = render("refusal.html", status="404", sentence=text, root=root)
    return page.decode().partition("</h1>")[2].partition("</main>")[0]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<script>", "&lt;script&gt;"),
        ("&lt;", "&amp;lt;"),
        ("\"'", "&#34;&#39;"),
        ("Grüße, 世界 \U0001f600 مرحبا", "Grüße, 世界 \U0001f600 مرحبا"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("{{ status }}{% endif %}", "{{ status }}{% endif %}"),
    ],
)
def test_text_is_escaped(text: str, html: str) -> None:
    """What means something in HTML is escaped, everything else stands as it is."""
    assert _filled(text) == f"<p>{html}</p>"


def test_attributes_are_escaped() -> None:
    """No value of an attribute ends the attribute."""
    html = _filled("", "\"'><script>")
    assert 'href="&#34;&#39;&gt;&lt;script&gt;">' in html


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u202e", "right-to-left override"),
        ("\u2066", "left-to-right isolate"),
        ("\u200b", "zero width space"),
        ("\u00a0", "no-break space"),
        ("\ufeff", "zero width no-break space"),
        ("\u2028", "line separator"),
        ("\U000e0041", "tag latin capital letter a"),
        ("\x00", "a character without a name"),
        ("\r", "a character without a name"),
        ("\x1b", "a character without a name"),
        ("\udc80", "a character without a name"),
    ],
)
def test_what_is_not_seen_is_named(character: str, name: str) -> None:
    """A character that hides or reorders text is not sent; its number is."""
    html = _filled(f"a{character}b")
    number = f"U+{ord(character):04X}"
    assert html == f'<p>a<span class="unseen" title="{name}">{number}</span>b</p>'


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    """A parser finds one element, and in it the text with what is unseen named."""
    tree = ElementTree.fromstring(_filled(text))
    shown = "".join(tree.itertext())
    assert tree.tag == "p"
    assert shown == "".join(
        c if c.isprintable() or c in "\n\t" else f"U+{ord(c):04X}" for c in text
    )


@given(st.text().filter(str.isprintable))
def test_printable_text_is_only_escaped(text: str) -> None:
    """Escaping is undone by what every browser does."""
    assert unescape(_filled(text)) == f"<p>{text}</p>"


def test_missing_value_is_not_passed_over() -> None:
    """A template that names what it is not given fails, and is named with its line."""
    with pytest.raises(UndefinedError, match="'sentence' is undefined") as caught:
        render("refusal.html", status="404", root=None)
    path = str(_TEMPLATES / "refusal.html")
    *_, line = (f.line for f in traceback.extract_tb(caught.tb) if f.filename == path)
    assert line == "<p>{{ sentence }}</p>"


@pytest.mark.parametrize(
    "path", sorted(_TEMPLATES.iterdir()), ids=lambda path: path.name
)
def test_no_template_trusts_a_text(path: Path) -> None:
    """No template says of a text that it is HTML, or has escaping end."""
    assert not re.search(r"safe|escape|__html__", path.read_text())
