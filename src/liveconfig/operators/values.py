"""
How a time, a duration, a digest and a piece of a config look.

Owns: their formats, and where long ones are cut.
Must not know: which of them a page has.
Runs in: every worker.
"""

from __future__ import annotations

from datetime import datetime

from liveconfig.operators.markup import Child, Markup, element, joined

_DIGITS_SHOWN = 12
_UNKNOWN = element("span", "unknown", class_="faint")


def code(*children: Child) -> Markup:
    """Return what somebody wrote, in an order of its own: it reorders nothing else."""
    return element("code", *children, dir="ltr")


def time(moment: datetime | None, precision: str = "seconds") -> Markup:
    """Return a time in UTC as `2026-11-23 07:07:19 UTC`, `unknown` for none."""
    if moment is None:
        return _UNKNOWN
    shown = moment.replace(tzinfo=None)
    words = f"{shown.isoformat(' ', precision)} UTC"
    return element("time", words, datetime=moment.isoformat())


def duration(milliseconds: float | None) -> Markup:
    """Return `0.72 ms`, `25 ms`, `1.5 s` or `3 min`, `unknown` for none."""
    if milliseconds is None:
        return _UNKNOWN
    if milliseconds < 10:
        return joined(f"{milliseconds:.2g} ms")
    if milliseconds < 1000:
        return joined(f"{milliseconds:.0f} ms")
    if milliseconds < 120_000:
        return joined(f"{milliseconds / 1000:.1f} s")
    return joined(f"{milliseconds / 60_000:,.0f} min")


def digest(text: str | None) -> Markup:
    """Return the first digits of a digest, `unknown` for none."""
    if not text:
        return _UNKNOWN
    digits = text.removeprefix("sha256:")[:_DIGITS_SHOWN]
    return element("code", digits, class_="faint", title=text)


def cut(text: str, characters: int) -> str:
    """Return `text`, or its beginning and an ellipsis."""
    return text if len(text) <= characters else f"{text[:characters]}…"
