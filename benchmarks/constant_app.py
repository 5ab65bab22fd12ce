"""
The peer that costs nothing: a Falcon application that answers one text, always.

Owns: the application.
Must not know: liveconfig, any config.
Runs in: the workers of a peer server.
"""

from __future__ import annotations

import falcon


class ConstantResource:
    """`GET /`: always the same."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the constant."""
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = "Hello World"


app = falcon.App()
app.add_route("/", ConstantResource())
