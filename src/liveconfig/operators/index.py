"""
The root of the operators' port: what there is, and where.

Owns: the list, for a browser and for a terminal.
Must not know: what the routes answer.
Runs in: every worker.
"""

from __future__ import annotations

import falcon

from liveconfig.operators import page

_ROUTES = (
    ("status", "what is served, by which worker, since when, and what is not and why"),
    ("config", "the effective config as JSON, secrets masked"),
    ("metrics", "the same as /status in figures, for Prometheus"),
    ("readyz", "whether the worker that answers has a config to serve"),
    ("livez", "whether the worker that answers is alive"),
)
_TYPES = (falcon.MEDIA_TEXT, falcon.MEDIA_HTML)


class IndexResource:
    """`GET /`: one line for each route, or a page for a browser."""

    def __init__(self) -> None:
        """Make the lines, as they never change."""
        self._text = "".join(f"{f'/{name}':<10}{what}\n" for name, what in _ROUTES)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the list in the form that is preferred."""
        resp.vary = ["Accept"]
        resp.cache_control = ["no-cache"]
        if req.client_prefers(_TYPES) == falcon.MEDIA_HTML:
            resp.set_headers(page.HEADERS)
            resp.content_type = falcon.MEDIA_HTML
            resp.data = page.filled("index.html", routes=_ROUTES)
        else:
            resp.content_type = "text/plain; charset=utf-8"
            resp.text = self._text

    on_head = on_get
