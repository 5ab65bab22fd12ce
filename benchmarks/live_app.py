"""
The side that is measured: a small Falcon application on `ConfigManager`.

Owns: the application, and how long a worker took to pick up a new version.
Must not know: what is measured with it.
Runs in: the workers of a server with the liveconfig hooks.
"""

from __future__ import annotations

import time
from typing import Any

import falcon

from liveconfig.manager import ConfigManager, Snapshot
from liveconfig.service.middleware import SnapshotMiddleware

_manager: ConfigManager[dict[str, Any]] = ConfigManager()


class PickUpMiddleware:
    """
    Say what the first `get` of a new version cost.

    `Pick-Up-Ns` is how long it took, `Pick-Up-Cpu-Ns` the processor time in it.
    """

    def __init__(self) -> None:
        """Start with no config."""
        self._config: Any = None

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Call `get`, and name its price if it brought another config."""
        began, cpu_began = time.perf_counter_ns(), time.thread_time_ns()
        config = _manager.get()
        cpu_ended, ended = time.thread_time_ns(), time.perf_counter_ns()
        if config is not self._config:
            self._config = config
            resp.set_header("Pick-Up-Ns", str(ended - began))
            resp.set_header("Pick-Up-Cpu-Ns", str(cpu_ended - cpu_began))


class MessageResource:
    """`GET /`: the message of the request's snapshot."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the message."""
        snapshot: Snapshot[dict[str, Any]] = req.context.snapshot
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = snapshot.config["message"]


app = falcon.App(middleware=[PickUpMiddleware(), SnapshotMiddleware(_manager)])
app.add_route("/", MessageResource())
