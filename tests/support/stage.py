"""
The operators' page, served from documents that a test makes up.

Owns: a small server for the page, the two files beside it, the root of the port and
    what is not there; it can fall silent.
Must not know: gunicorn, the publisher, any config.
Runs in: the test process, in threads of its own.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import falcon
import msgspec

from liveconfig.operators import page
from liveconfig.operators.assets import AssetResource
from liveconfig.operators.index import IndexResource
from liveconfig.operators.refusals import add_refusals
from tests.support.status import as_status, status_document


class Stage:
    """
    A server of one page, on a port that the kernel chose.

    Attributes:
        document: what the page shows from now on.
        config: the config that it shows.
        status: the HTTP status of the page.
    """

    def __init__(self, document: dict[str, Any] | None = None) -> None:
        """Serve `document`, or that of a healthy service."""
        self.document = document or status_document()
        self.config: Any = {"message": "Hello Grandma"}
        self.status = falcon.HTTP_200
        self._app = falcon.App()
        add_refusals(self._app, has_index=True)
        self._app.add_route("/", IndexResource())
        self._app.add_route("/status", self)
        for name in ("page.css", "page.js"):
            self._app.add_route(f"/status/{name}", AssetResource(name))
        self._port = 0
        self.speak()

    @property
    def root(self) -> str:
        """The address of the page that says what there is."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"{self.root}status"

    def speak(self) -> None:
        """Answer, on the same port as before."""
        self._server = make_server(
            "127.0.0.1", self._port, self._app, WSGIServer, _Quiet
        )
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def fall_silent(self) -> None:
        """Give up the port: nobody answers there."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the page as it is now, or 304."""
        resp.status = self.status
        resp.set_headers(page.HEADERS)
        resp.content_type = falcon.MEDIA_HTML
        resp.data = page.render(
            as_status(self.document), msgspec.json.encode(self.config)
        )
        resp.etag = etag = sha256(resp.data).hexdigest()
        if etag in (req.if_none_match or ()):
            resp.data = None
            resp.status = falcon.HTTP_304


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
