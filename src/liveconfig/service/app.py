"""
The public side of the reference service.

Owns: the public routes, and what a worker does with `log_level`.
Must not know: the operators' side, where configs come from.
Runs in: every worker.
"""

from __future__ import annotations

import logging
from typing import Any

import falcon

from liveconfig.errors import LiveconfigError
from liveconfig.service.config import ServiceConfig
from liveconfig.service.middleware import SnapshotMiddleware, answer_without_config
from liveconfig.service.refusals import add_refusals
from liveconfig.worker.manager import ConfigManager
from liveconfig.worker.own_ports import is_beating
from liveconfig.worker.snapshot import Snapshot

_LIVEZ, _READYZ = HEALTH_PATHS = ("/livez", "/readyz")

# gunicorn's own logger in a worker, so that all lines go the same way.
log = logging.getLogger("gunicorn.error")


class MessageResource:
    """`GET /`: the message, as it is."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the message of the request's snapshot."""
        snapshot: Snapshot[ServiceConfig] = req.context.snapshot
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = snapshot.config.message
        log.debug("served version %d", snapshot.version)

    on_head = on_get


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
    """`GET /readyz`: this worker has a config to serve."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer ok; without a snapshot the request does not come this far."""
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = "ok\n"

    on_head = on_get


class LogLevel:
    """The worker's log level, as its config says."""

    def __init__(self) -> None:
        """Leave the level as it is until the first config comes."""
        self._level_at_start: int | None = None

    def apply(
        self,
        old: Snapshot[ServiceConfig] | None,
        new: Snapshot[ServiceConfig],
        changed: tuple[str, ...],
    ) -> None:
        """Set what the new config says; without one, what gunicorn was started with."""
        if self._level_at_start is None:
            self._level_at_start = log.level
        level = new.config.log_level
        log.setLevel(level.upper() if level else self._level_at_start)


def add_health_routes(app: falcon.App[Any, Any]) -> None:
    """Add the two routes that both ports have."""
    app.add_route(_LIVEZ, LivenessResource())
    app.add_route(_READYZ, ReadinessResource())


def handle_liveconfig_error(
    req: falcon.Request,
    resp: falcon.Response,
    error: LiveconfigError,
    params: dict[str, Any],
) -> None:
    """Answer 503 and log one sentence: this worker has nothing to serve."""
    log.error("liveconfig: %s", error)
    answer_without_config(resp)


def create_public_app(
    manager: ConfigManager[ServiceConfig],
) -> falcon.App[falcon.Request, falcon.Response]:
    """Return the application of the public port."""
    manager.subscribe(LogLevel().apply)
    app = falcon.App(
        middleware=[SnapshotMiddleware(manager, lambda path: path != "/livez", 1.0)]
    )
    app.add_error_handler(LiveconfigError, handle_liveconfig_error)
    add_refusals(app, has_index=False)
    app.add_route("/", MessageResource())
    add_health_routes(app)
    return app
