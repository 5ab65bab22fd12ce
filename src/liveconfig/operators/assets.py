"""
The two files beside the page: its style and its script.

Owns: their routes' answers.
Must not know: what the page says.
Runs in: every worker.
"""

from __future__ import annotations

from hashlib import sha256
from importlib import resources
from pathlib import PurePath

import falcon

from liveconfig.operators.conditional import answer_unchanged

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class AssetResource:
    """`GET` of a file of this package, which is read once."""

    def __init__(self, name: str) -> None:
        """Answer with the file `name` beside this module."""
        self._type = _TYPES[PurePath(name).suffix]
        self._bytes = resources.files(__package__).joinpath(name).read_bytes()
        self._etag = sha256(self._bytes).hexdigest()[:16]

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the file, or 304 if the client has it already."""
        resp.cache_control = ["no-cache"]
        resp.set_header("Cross-Origin-Resource-Policy", "same-origin")
        resp.set_header("X-Content-Type-Options", "nosniff")
        if answer_unchanged(req, resp, self._etag):
            return
        resp.content_type = self._type
        resp.data = self._bytes

    on_head = on_get
