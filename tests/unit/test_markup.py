"""Anybody's text becomes text."""

from __future__ import annotations

from html import unescape
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveconfig.operators.markup import Markup, element, joined


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<script>", "&lt;script&gt;"),
        ("&lt;", "&amp;lt;"),
        ("\"'", "&quot;&#x27;"),
        ("Grüße, 世界 \U0001f600 مرحبا", "Grüße, 世界 \U0001f600 مرحبا"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_text_is_escaped(text: str, html: str) -> None:
    """What means something in HTML is escaped, everything else stands as it is."""
    assert element("p", text) == f"<p>{html}</p>"


def test_markup_is_not_escaped_again() -> None:
    """What `element` and `joined` made goes into another element as it is."""
    assert element("p", joined("<", element("b", ">"))) == "<p>&lt;<b>&gt;</b></p>"


def test_none_is_left_out() -> None:
    """A child or an attribute that is None leaves no trace, an empty one does."""
    assert element("p", None, "", lang=None, title="") == '<p title=""></p>'


def test_attributes_are_escaped() -> None:
    """No value of an attribute ends the attribute."""
    html = element("p", data_key="\"'><script>", class_="x", value=3)
    assert html == (
        '<p data-key="&quot;&#x27;&gt;&lt;script&gt;" class="x" value="3"></p>'
    )


def test_void_element_has_no_end() -> None:
    """What HTML knows as empty has no end tag."""
    assert element("meta", charset="utf-8") == '<meta charset="utf-8"/>'


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
    html = element("p", f"a{character}b")
    number = f"U+{ord(character):04X}"
    assert html == f'<p>a<span class="unseen" title="{name}">{number}</span>b</p>'


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    """A parser finds one element, and in it the text with what is unseen named."""
    (child,) = ElementTree.fromstring(element("p", element("b", text)))
    shown = "".join(child.itertext())
    assert child.tag == "b"
    assert shown == "".join(
        c if c.isprintable() or c in "\n\t" else f"U+{ord(c):04X}" for c in text
    )


@given(st.text())
def test_printable_text_is_only_escaped(text: str) -> None:
    """Escaping is undone by what every browser does."""
    html = joined(text)
    assert isinstance(html, Markup)
    if text.isprintable():
        assert unescape(html) == text
