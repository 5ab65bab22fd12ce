"""
The application that fails on its config: on purpose, for the rows about a trial.

Owns: which message makes it fail, and how.
Must not know: who takes the config back.
Runs in: the workers of a server under measurement.

Besides, it fails at random for as large a share of the requests as its environment
says, whatever the config.
"""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import falcon

from benchmarks import peers
from liveconfig.operators.admin import create_admin_app
from liveconfig.wsgi import by_port

APPLICATION = f"{__name__}:app"
RAISE, ABORT = "raise", "abort"
SHARE = "BENCHMARK_FAILING_SHARE"


class FailingResource:
    """`GET /`: the message, unless it is one that makes the code fail."""

    def __init__(self, read: Callable[[], str], share: float) -> None:
        """Answer with what `read` returns, but for a share of the requests."""
        self._read = read
        self._share = share

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer, fail, or end the worker."""
        message = self._read()
        kind = message.partition("-")[0]
        if kind == ABORT:
            os.abort()
        if kind == RAISE or random.random() < self._share:
            raise falcon.HTTPInternalServerError
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = message


def _app() -> Any:
    """Return the application, with the operators' port beside it."""
    # Nobody looks into what an abort leaves behind.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    peer = peers.make(peers.OURS, Path(os.environ["LIVECONFIG_PATH"]))
    names = dict(peer.names())
    read = eval(f"lambda: {peer.expression}", names)
    app = falcon.App()
    app.add_route("/", FailingResource(read, float(os.environ.get(SHARE, "0"))))
    port = int(os.environ["LIVECONFIG_ADMIN_PORT"])
    return by_port(app, {port: create_admin_app(names["manager"])})


if "BENCHMARK_APPLICATION" in os.environ:
    app = _app()
