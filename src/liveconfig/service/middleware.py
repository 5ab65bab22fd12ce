"""
One snapshot per request, named in the response. For any Falcon application.

Owns: pinning the snapshot at a request's start; the two response headers; the answer
    while there is no config yet.
Must not know: what is in the config, which routes there are.
Runs in: every worker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import falcon

from liveconfig.errors import LiveconfigError, NoConfigYetError
from liveconfig.worker.manager import ConfigManager


class SnapshotMiddleware:
    """
    Pin the newest snapshot at the start of a request as `req.context.snapshot`.

    A handler that takes its config from there sees one config from start to end,
    whatever is published meanwhile. Every response says which one it was, in the
    headers `Config-Version` and `Config-Digest`.

    While a service waits for its first config, a request that needs one is answered
    with 503 and comes no further; to the others the snapshot is None.
    """

    def __init__(
        self,
        manager: ConfigManager[Any],
        needs_config: Callable[[str], bool] = lambda path: True,
    ) -> None:
        """
        Pin the snapshots of `manager`.

        Args:
            manager: hands them out.
            needs_config: whether the answer for a path needs a config; by default
                each does.
        """
        self._manager = manager
        self._needs_config = needs_config

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Pin the snapshot and name it in the response, or say that there is none."""
        req.context.snapshot = None
        try:
            snapshot = self._manager.snapshot()
        except LiveconfigError as error:
            if self._needs_config(req.path):
                if not isinstance(error, NoConfigYetError):
                    raise
                answer_without_config(resp)
                resp.complete = True
            return
        req.context.snapshot = snapshot
        resp.set_headers(
            [
                ("Config-Version", str(snapshot.version)),
                ("Config-Digest", snapshot.digest),
            ]
        )


def answer_without_config(resp: falcon.Response) -> None:
    """Answer 503: this worker has nothing to serve."""
    resp.status = falcon.HTTP_503
    resp.content_type = "text/plain; charset=utf-8"
    resp.text = "no config to serve yet\n"
