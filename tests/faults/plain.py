"""
A plain Falcon application for a plain gunicorn: no live config, no hooks.

Owns: one route.
Must not know: liveconfig.
Runs in: the workers of a plain gunicorn, with which the rules are calibrated.
"""

from __future__ import annotations

import falcon


class Message:
    """Any path: always the same message."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer."""
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = "plain"


app = falcon.App()
app.add_route("/", Message())
app.add_route("/readyz", Message())
