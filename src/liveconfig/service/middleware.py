"""
One snapshot per request, named in the response. For any Falcon application.

Owns: pinning the snapshot at a request's start; the two response headers.
Must not know: what is in the config, which routes there are.
Runs in: every worker.
"""

from __future__ import annotations

from typing import Any

import falcon

from liveconfig.worker.manager import ConfigManager


class SnapshotMiddleware:
    """
    Pin the newest snapshot at the start of a request as `req.context.snapshot`.

    A handler that takes its config from there sees one config from start to end,
    whatever is published meanwhile. Every response says which one it was, in the
    headers `Config-Version` and `Config-Digest`.
    """

    def __init__(self, manager: ConfigManager[Any]) -> None:
        """Pin the snapshots of `manager`."""
        self._manager = manager

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Pin the snapshot and name it in the response."""
        snapshot = self._manager.snapshot()
        req.context.snapshot = snapshot
        resp.set_headers(
            [
                ("Config-Version", str(snapshot.version)),
                ("Config-Digest", snapshot.digest),
            ]
        )
