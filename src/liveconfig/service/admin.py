"""
The operators' side of the reference service.

Owns: `/config` and `/status`, on a port of their own.
Must not know: the public routes.
Runs in: every worker.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

import falcon
import msgspec

from liveconfig.errors import LiveconfigError
from liveconfig.manager import ConfigManager, Snapshot, bound
from liveconfig.schema import Schema
from liveconfig.service.app import add_health_routes, handle_liveconfig_error
from liveconfig.service.config import ServiceConfig
from liveconfig.service.middleware import SnapshotMiddleware
from liveconfig.status import Missing, PublisherStatus, Rejected


class ConfigResource:
    """`GET /config`: the effective config as JSON, secrets masked."""

    def __init__(self, schema: Schema[ServiceConfig]) -> None:
        """Show configs of `schema`."""
        self._schema = schema

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the config, or 304 if the client has this digest already."""
        snapshot: Snapshot[ServiceConfig] = req.context.snapshot
        resp.etag = snapshot.digest
        if any(tag in ("*", snapshot.digest) for tag in req.if_none_match or ()):
            resp.status = falcon.HTTP_304
            return
        resp.content_type = falcon.MEDIA_JSON
        resp.data = msgspec.json.encode(self._schema.masked(snapshot.config))

    on_head = on_get


class StatusResource:
    """`GET /status`: what is served, since when, and what is not served and why."""

    def __init__(self, manager: ConfigManager[ServiceConfig]) -> None:
        """Show the state of `manager` and of the publisher."""
        self._manager = manager

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the status as JSON."""
        snapshot: Snapshot[ServiceConfig] = req.context.snapshot
        resp.content_type = falcon.MEDIA_JSON
        resp.cache_control = ["no-store"]
        resp.data = msgspec.json.encode(
            status_document(snapshot, self._manager.stale_since)
        )

    on_head = on_get


def status_document(
    snapshot: Snapshot[Any], stale_since: float | None
) -> dict[str, Any]:
    """Return what `/status` says, ready for JSON; times are ISO 8601 in UTC."""
    shared = bound()
    known = shared.publisher_status()
    status = known or PublisherStatus(0, 0.0, "", "")
    state = _publisher_state(
        is_running=shared.config.is_claimed(), is_known=bool(known)
    )
    return {
        "version": snapshot.version,
        "digest": snapshot.digest,
        "since": _time(status.published_at),
        "changed_at": _time(status.changed_at),
        "changed_keys": status.changed_keys,
        "changed_count": status.changed_count,
        "unknown_keys": status.unknown_keys,
        "unknown_count": status.unknown_count,
        "origin": status.origin,
        "source": {"path": status.source, "missing": _missing(status.missing)},
        "rejected": _rejected(status.rejected),
        "publisher": {
            "pid": status.pid if state == "running" else None,
            "state": state,
            "mode": status.mode,
            "started_at": _time(status.started_at),
            "starts": status.starts,
            "checked_at": _time(status.checked_at),
        },
        "worker": {"pid": os.getpid(), "stale_since": _time(stale_since)},
    }


def create_admin_app(
    manager: ConfigManager[ServiceConfig],
) -> falcon.App[falcon.Request, falcon.Response]:
    """Return the application of the operators' port."""
    app = falcon.App(middleware=[SnapshotMiddleware(manager)])
    app.add_error_handler(LiveconfigError, handle_liveconfig_error)
    app.add_route("/config", ConfigResource(Schema(ServiceConfig)))
    app.add_route("/status", StatusResource(manager))
    add_health_routes(app)
    return app


def _publisher_state(*, is_running: bool, is_known: bool) -> str:
    if not is_running:
        return "restarting"
    return "running" if is_known else "unknown"


def _missing(missing: Missing | None) -> dict[str, Any] | None:
    if missing is None:
        return None
    return {"problem": missing.problem, "since": _time(missing.since)}


def _rejected(rejected: Rejected | None) -> dict[str, Any] | None:
    if rejected is None:
        return None
    return {
        "digest": rejected.digest,
        "error": msgspec.structs.asdict(rejected.error),
        "since": _time(rejected.since),
        "tries": rejected.tries,
    }


def _time(seconds: float | None) -> str | None:
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
