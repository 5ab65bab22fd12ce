"""
The public side of the reference service.

Owns: the public routes, and what a worker does with `log_level`.
Must not know: the operators' side, where configs come from.
Runs in: every worker.
"""

from __future__ import annotations

import logging

import falcon

from liveconfig.errors import LiveconfigError
from liveconfig.falcon import SnapshotMiddleware
from liveconfig.operators.health import (
    LIVEZ,
    add_health_routes,
    handle_liveconfig_error,
)
from liveconfig.operators.refusals import add_refusals
from liveconfig.reference.config import FAILING_MESSAGE, ServiceConfig
from liveconfig.worker.manager import ConfigManager
from liveconfig.worker.snapshot import Snapshot

# gunicorn's own logger in a worker, so that all lines go the same way.
log = logging.getLogger("gunicorn.error")


class MessageResource:
    """`GET /`: the message, as it is."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the message of the request's snapshot."""
        snapshot: Snapshot[ServiceConfig] = req.context.snapshot
        if snapshot.config.message == FAILING_MESSAGE:
            raise RuntimeError("the message has the service fail on purpose")
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = snapshot.config.message
        log.debug("served version %d", snapshot.version)

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


def create_public_app(
    manager: ConfigManager[ServiceConfig],
) -> falcon.App[falcon.Request, falcon.Response]:
    """Return the application of the public port."""
    manager.subscribe(LogLevel().apply)
    app = falcon.App(
        middleware=[SnapshotMiddleware(manager, lambda path: path != LIVEZ, 1.0)]
    )
    app.add_error_handler(LiveconfigError, handle_liveconfig_error)
    add_refusals(app, has_index=False)
    app.add_route("/", MessageResource())
    add_health_routes(app)
    return app
