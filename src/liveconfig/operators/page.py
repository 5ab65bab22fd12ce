"""
The status document as a page for a browser.

Owns: the page as a whole, its headline, and the headers that it needs.
Must not know: where the document comes from.
Runs in: every worker.

The page is whole without a script. `page.js` asks for it again and again, and moves
the differences into the page that is open: there is no second renderer.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import msgspec

from liveconfig.operators import sections
from liveconfig.operators.markup import Markup, element, joined
from liveconfig.operators.values import code
from liveconfig.status.document import Status
from liveconfig.status.verdict import Verdict, counted, judge

# A config of more lines is folded up at first.
_CONFIG_LINES_UNFOLDED_MAX = 30
# What a browser lays out without getting slow; `/config` has all of it.
_CONFIG_CHARACTERS_MAX = 65_536

# No colour alone shows a state: the path in its sign, that in the title, colour.
_SIGNS = {
    "good": ("M20 33l9 9 16-19", "✓", "#1a7f4b"),
    "attention": ("M32 17v19M32 44v3", "!", "#a15c00"),
    "trouble": ("M22 22l20 20M42 22l-20 20", "✕", "#c0312b"),
}

# Nothing is loaded but the two files beside the page, and no text can become HTML in a
# script, not even in this page's own.
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def render(status: Status, config: bytes) -> bytes:
    """
    Return the page.

    Args:
        status: what `/status` says as JSON.
        config: what `/config` says, JSON with secrets masked; not shown if there is
            none yet.
    """
    verdict = judge(status)
    body = element(
        "body",
        _header(status.source.path),
        element("main", *_sections(status, verdict, config)),
        _footer(),
    )
    page = element("html", _head(verdict), body, lang="en")
    # The name of a file may hold bytes that are no text.
    return f"<!DOCTYPE html>\n{page}\n".encode(errors="backslashreplace")


def _head(verdict: Verdict) -> Markup:
    path, sign, colour = _SIGNS[verdict.level]
    icon = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'>"
        f"<circle cx='32' cy='32' r='30' fill='{colour}'/>"
        f"<path d='{path}' fill='none' stroke='white' stroke-width='7'/></svg>"
    )
    width = "width=device-width, initial-scale=1"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("title", f"{sign} {verdict.headline}"),
        element("meta", name="viewport", content=width),
        element("link", rel="icon", href=f"data:image/svg+xml,{quote(icon)}"),
        # Relative, so that a proxy may put something before the path.
        element("link", rel="stylesheet", href="status/page.css"),
        element("script", src="status/page.js", type="module"),
    )


def _header(source: str) -> Markup:
    still = element("noscript", "Reload to see what changed since.")
    return element(
        "header",
        element("p", "liveconfig", class_="brand"),
        element("p", code(source), class_="source"),
        # The script says here whether it can reach the service.
        element("p", still, id="connection", role="status"),
    )


def _sections(status: Status, verdict: Verdict, config: bytes) -> Iterator[Markup]:
    yield _headline(verdict)
    if status.rejected is not None:
        yield sections.rejected(status.rejected)
    yield sections.version(status)
    yield sections.workers(status.workers)
    yield sections.history(status.history)
    if status.worker.version:
        yield _config(config, status.worker.version)


def _headline(verdict: Verdict) -> Markup:
    path, _, _ = _SIGNS[verdict.level]
    stroke = element("path", d=path)
    findings = [element("li", finding.detail) for finding in verdict.findings]
    return element(
        "section",
        element("svg", stroke, viewBox="0 0 64 64", aria_hidden="true"),
        element("h1", verdict.headline, id="headline", aria_live="polite"),
        element("ul", *findings) if findings else None,
        aria_labelledby="headline",
        data_key="headline",
        data_level=verdict.level,
    )


def _config(config: bytes, version: int) -> Markup:
    text = msgspec.json.format(config, indent=2).decode()
    lines = text.count("\n") + 1
    is_cut = len(text) > _CONFIG_CHARACTERS_MAX
    return sections.section(
        "config",
        "Effective config, secrets masked",
        element(
            "details",
            element("summary", f"Version {version}, {counted(lines, 'line')}"),
            element("pre", code(text[:_CONFIG_CHARACTERS_MAX])),
            element("p", "The rest is at /config.", class_="note") if is_cut else None,
            open=None if lines > _CONFIG_LINES_UNFOLDED_MAX else "",
        ),
    )


def _footer() -> Markup:
    link = element("a", "/config", href="config")
    return element(
        "footer", element("p", "As JSON: ", link, joined(", and this page by curl."))
    )
