"""
The operators' side of a service: what is served, by whom, and why not.

Owns: `/config`, `/status` (JSON or a page) and `/metrics`, on a port of their own, and
    what of it may be kept and by whom.
Must not know: the public routes.
Runs in: every worker.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Any

import falcon
import msgspec

from liveconfig.errors import LiveconfigError
from liveconfig.falcon import SnapshotMiddleware
from liveconfig.memory.shared import bound
from liveconfig.operators import page
from liveconfig.operators.assets import AssetResource
from liveconfig.operators.conditional import answer_unchanged
from liveconfig.operators.health import (
    HEALTH_PATHS,
    add_health_routes,
    handle_liveconfig_error,
)
from liveconfig.operators.hosts import HostsMiddleware
from liveconfig.operators.index import IndexResource
from liveconfig.operators.refusals import add_refusals
from liveconfig.operators.status import status_document, status_tag
from liveconfig.settings import Settings
from liveconfig.worker.manager import ConfigManager
from liveconfig.worker.snapshot import Snapshot

# The others say how the service fares, which has to be known without a config as well.
_NEED_CONFIG = ("/config", "/readyz")

# The first one wins where the client leaves it open, as curl does.
_STATUS_TYPES = (falcon.MEDIA_JSON, falcon.MEDIA_HTML)


class ConfigResource:
    """`GET /config`: the effective config as JSON, secrets masked."""

    def __init__(self, manager: ConfigManager[Any]) -> None:
        """Show the configs of `manager`."""
        self._manager = manager

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the config, or 304 if the client has this digest already."""
        snapshot: Snapshot[Any] = req.context.snapshot
        # Where other keys are secret, the same config is shown in another way.
        tag = "-".join(filter(None, (snapshot.digest, self._manager.secrecy)))
        _keep_nowhere(resp)
        if answer_unchanged(req, resp, tag):
            return
        resp.content_type = falcon.MEDIA_JSON
        resp.data = msgspec.json.encode(self._manager.masked(snapshot.config))

    on_head = on_get


class StatusResource:
    """`GET /status`: what is served, since when, and what is not served and why."""

    def __init__(self, manager: ConfigManager[Any]) -> None:
        """Show the state of all workers, of the publisher, and of this `manager`."""
        self._manager = manager

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer as JSON, as a page for a browser, or 304 if the client has it."""
        shared = bound()
        is_page = req.client_prefers(_STATUS_TYPES) == falcon.MEDIA_HTML
        snapshot: Snapshot[Any] | None = req.context.snapshot
        version = snapshot.version if snapshot else 0
        tag = status_tag(shared, version, self._manager.secrecy)
        tag += "-page" if is_page else ""
        _keep_nowhere(resp)
        resp.vary = ["Accept"]
        # What it says of the worker that answers differs from worker to worker.
        if answer_unchanged(req, resp, tag, is_weak=True):
            return
        document = status_document(
            shared, snapshot, self._manager.stale_since, self._manager.secrecy
        )
        if is_page:
            resp.set_headers(page.HEADERS)
            resp.content_type = falcon.MEDIA_HTML
            config = snapshot and self._manager.masked(snapshot.config)
            resp.data = page.render(document, msgspec.json.encode(config))
        else:
            resp.content_type = falcon.MEDIA_JSON
            resp.data = document.to_json()

    on_head = on_get


class MetricsResource:
    """`GET /metrics`: what Prometheus scrapes, the same from every worker."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the metrics, in the one of two formats that is preferred."""
        # Loaded here, at the first scrape: it takes 1.5 MiB and 15 ms.
        metrics = import_module("liveconfig.operators.metrics").MetricsCollector()
        media_type = req.client_prefers(metrics.media_types) or metrics.media_types[0]
        resp.content_type = media_type
        resp.cache_control = ["no-cache"]
        resp.vary = ["Accept"]
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.data = metrics.exposition(media_type)

    on_head = on_get


def _keep_nowhere(resp: falcon.Response) -> None:
    """Have an answer kept in no cache, and taken for nothing but what it says."""
    resp.cache_control = ["no-store"]
    resp.set_header("X-Content-Type-Options", "nosniff")


def create_admin_app(
    manager: ConfigManager[Any], names: Collection[str] | None = None
) -> falcon.App[falcon.Request, falcon.Response]:
    """
    Return the application of the operators' port, for any service's `manager`.

    Example::

        app = by_port(app, {9090: create_admin_app(manager)})

    Args:
        manager: whose configs are shown.
        names: under which it may be asked, beside those that are safe anyway; None
            takes those of LIVECONFIG_ADMIN_NAMES.

    Raises:
        StartupError: `names` is None, and a variable of the environment is wrong.
    """
    if names is None:
        names = Settings.from_environ().admin_names.split()
    hosts = HostsMiddleware(names, HEALTH_PATHS)
    app = falcon.App(middleware=hosts)
    app.add_middleware(SnapshotMiddleware(manager, _NEED_CONFIG.__contains__))
    add_refusals(app, has_index=True)
    app.add_error_handler(LiveconfigError, handle_liveconfig_error)
    app.add_route("/", IndexResource())
    app.add_route("/config", ConfigResource(manager))
    app.add_route("/status", StatusResource(manager))
    for name in ("page.css", "page.js"):
        app.add_route(f"/status/{name}", AssetResource(name))
    app.add_route("/metrics", MetricsResource())
    add_health_routes(app)
    return app
