"""
The freshest peer there can be: a Falcon application that reads the file every time.

Owns: the application.
Must not know: liveconfig.
Runs in: the workers of a peer server.
"""

from __future__ import annotations

import os

import falcon
import yaml

_path = os.environ["LIVECONFIG_PATH"]


class FileResource:
    """`GET /`: the message as it stands in the file now."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Read and parse the file, and answer with its message."""
        with open(_path, "rb") as stream:
            config = yaml.load(stream, Loader=yaml.CSafeLoader)
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = config["message"]


app = falcon.App()
app.add_route("/", FileResource())
