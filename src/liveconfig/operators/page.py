"""
The pages for a browser: the status document, the root, a refusal.

Owns: the headers that they need, and that only who is asked for one loads templates.
Must not know: where the document comes from, how the pages look.
Runs in: every worker.

The page of the status is whole without a script. `page.js` asks for it again and again,
and moves the differences into the page that is open: there is no second renderer.
"""

from __future__ import annotations

from importlib import import_module

import msgspec

from liveconfig.status.document import Status
from liveconfig.status.verdict import judge

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
    Return the page of the status.

    Args:
        status: what `/status` says as JSON.
        config: what `/config` says, JSON with secrets masked; not shown if there is
            none yet.
    """
    text = msgspec.json.format(config, indent=2).decode()
    verdict = judge(status, is_exact=False)
    return filled("status.html", status=status, verdict=verdict, config=text)


def filled(template: str, **values: object) -> bytes:
    """Return a template of this package, filled in with `values`."""
    # Loaded here, at the first page: it takes 3.2 MiB and 75 ms.
    templates = import_module("liveconfig.operators.templates")
    page: bytes = templates.render(template, **values)
    return page
