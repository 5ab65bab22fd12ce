"""
One snapshot per request, named in the response. For any Falcon application.

Owns: pinning the snapshot at a request's start; the two response headers; the answer
    while there is no config yet.
Must not know: what is in the config, which routes there are.
Runs in: every worker.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import falcon

from liveconfig.errors import LiveconfigError, NoConfigYetError, VersionNotReachedError
from liveconfig.worker.counting import PINNED_VERSION
from liveconfig.worker.manager import ConfigManager
from liveconfig.worker.snapshot import Snapshot

# More than any version has.
_VERSION_DIGITS_MAX = 18


class SnapshotMiddleware:
    """
    Pin the newest snapshot at the start of a request as `req.context.snapshot`.

    A handler that takes its config from there sees one config from start to end,
    whatever is published meanwhile. Every response says which one it was, in the
    headers `Config-Version` and `Config-Digest`.

    While a service waits for its first config, a request that needs one is answered
    with 503 and comes no further; to the others the snapshot is None.

    Example::

        app = falcon.App(middleware=[SnapshotMiddleware(ConfigManager(ShopConfig))])

        class PriceResource:
            def on_get(self, req, resp):
                config = req.context.snapshot.config
    """

    def __init__(
        self,
        manager: ConfigManager[Any],
        needs_config: Callable[[str], bool] = lambda path: True,
        at_least_seconds: float = 0.0,
    ) -> None:
        """
        Pin the snapshots of `manager`.

        Args:
            manager: hands them out.
            needs_config: whether the answer for a path needs a config; by default
                each does.
            at_least_seconds: how long a request at most waits that brings along the
                `Config-Version` which its client saw last, until this worker holds
                that version; then it is answered with what there is.
        """
        self._manager = manager
        self._needs_config = needs_config
        self._at_least_seconds = at_least_seconds

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """
        Pin the snapshot and name it in the response, or answer that there is none.

        Raises:
            LiveconfigError: as `ConfigManager.get` does, but for NoConfigYetError;
                `req.context.snapshot` is None then.
        """
        req.context.snapshot = None
        try:
            snapshot = self._newest(req)
        except LiveconfigError as error:
            if self._needs_config(req.path):
                if not isinstance(error, NoConfigYetError):
                    raise
                answer_without_config(resp)
                resp.complete = True
            return
        req.context.snapshot = snapshot
        req.env[PINNED_VERSION] = snapshot.version
        resp.set_headers(
            [
                ("Config-Version", str(snapshot.version)),
                ("Config-Digest", snapshot.digest),
            ]
        )

    def _newest(self, req: falcon.Request) -> Snapshot[Any]:
        if self._at_least_seconds:
            seen = req.get_header("Config-Version") or ""
            # Anything else is no version of ours, and no reason to refuse a request.
            if seen.isascii() and seen.isdigit() and len(seen) <= _VERSION_DIGITS_MAX:
                with contextlib.suppress(VersionNotReachedError):
                    return self._manager.snapshot_at_least(
                        int(seen), self._at_least_seconds
                    )
        return self._manager.snapshot()


def answer_without_config(resp: falcon.Response) -> None:
    """Answer 503: this worker has nothing to serve."""
    resp.status = falcon.HTTP_503
    resp.content_type = "text/plain; charset=utf-8"
    resp.text = "no config to serve yet\n"
