"""
Whether a worker is alive and ready, for any Falcon application on any port.

Owns: `/livez` and `/readyz`; the answer where there is nothing to serve, or nothing
    but what the code fails on.
Must not know: the other routes.
Runs in: every worker.
"""

from __future__ import annotations

import logging
from typing import Any

import falcon

from liveconfig.errors import LiveconfigError
from liveconfig.falcon import answer_without_config
from liveconfig.memory.shared import bound
from liveconfig.sentences.of_processes import NOTHING_TO_SERVE
from liveconfig.worker.own_ports import is_beating

LIVEZ, READYZ = HEALTH_PATHS = ("/livez", "/readyz")

# gunicorn's own logger in a worker, so that all lines go the same way.
log = logging.getLogger("gunicorn.error")


class LivenessResource:
    """`GET /livez`: this worker answers, and its own loop goes on."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer ok, or 503: on a port of its own a worker that hangs answers too."""
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = "ok\n"
        if not is_beating():
            resp.status = falcon.HTTP_503
            resp.text = "this worker hangs\n"

    on_head = on_get


class ReadinessResource:
    """`GET /readyz`: this worker has a config to serve, and the code works with it."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer ok; without a snapshot the request does not come this far."""
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = "ok\n"
        status = bound().publisher_status()
        if status is not None and status.serves_condemned:
            resp.status = falcon.HTTP_503
            resp.text = "the code fails on the config, and there is no other one\n"

    on_head = on_get


def add_health_routes(app: falcon.App[Any, Any]) -> None:
    """Add the two routes that both ports have."""
    app.add_route(LIVEZ, LivenessResource())
    app.add_route(READYZ, ReadinessResource())


def handle_liveconfig_error(
    req: falcon.Request,
    resp: falcon.Response,
    error: LiveconfigError,
    params: dict[str, Any],
) -> None:
    """Answer 503 and log one sentence: this worker has nothing to serve."""
    NOTHING_TO_SERVE.write(log, error)
    answer_without_config(resp)
