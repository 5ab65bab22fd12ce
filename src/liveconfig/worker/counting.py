"""
What comes of each request, counted for the version that it was answered with.

Owns: which requests count, whose version one is, what a failure is.
Must not know: who judges by the counts, which hook of gunicorn calls this.
Runs in: every worker.

Why the version is noted when a request begins: what the worker holds at its end may be
newer than what answered. Why the managers take the newest first, as `get` would: the
request is about to, and would be counted for the version before otherwise.
Why it is counted when the answer is on its way: no client waits for it.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from liveconfig.memory.shared import SharedMemory
from liveconfig.memory.worker_row import WorkerRow
from liveconfig.worker.manager import refresh_all

# Where whoever pins a snapshot for a request notes its version, in the WSGI environ.
PINNED_VERSION = "liveconfig.version"

_PROBES = ("/livez", "/readyz")
_FAILS = 500
# The client has gone, which is no failure of whoever answers it.
_CLIENT_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)

# gunicorn's own kinds of workers that call the hooks of a request, and the one that
# calls them without the status where there is no access log.
_CALLING = {
    "gunicorn.workers.sync.SyncWorker",
    "gunicorn.workers.gthread.ThreadWorker",
    "gunicorn.workers.base_async.AsyncWorker",
}
_ASGI = "gunicorn.workers.gasgi.ASGIWorker"

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def calls_hooks(worker: Any) -> bool:
    """Return whether a gunicorn worker calls the hooks of a request."""
    # Under gevent's own server, gunicorn sees nothing of them.
    has_own_server = getattr(worker, "server_class", None) is not None
    return bool(_CALLING & _kinds(worker)) and not has_own_server


def is_asgi(worker: Any) -> bool:
    """Return whether a worker is gunicorn's own for ASGI applications."""
    return _ASGI in _kinds(worker)


class Counter:
    """The requests of one worker."""

    def __init__(
        self, worker: Any, shared: SharedMemory, row: WorkerRow, ignored: str
    ) -> None:
        """
        Prepare to count.

        Args:
            worker: whose requests count, and nobody else's, such as those of a port
                that is served apart.
            shared: the memory of this process.
            row: where they are counted.
            ignored: paths beside those of probes that do not count, with commas
                between them.
        """
        self._worker = worker
        self._head = shared.config.head
        self._row = row
        self._ignored = frozenset((*_PROBES, *map(str.strip, ignored.split(","))))

    def begin(self, worker: Any, req: Any) -> None:
        """Note, on gunicorn's request, the version that it is about to get."""
        if worker is self._worker:
            is_ignored = req.path in self._ignored
            req.liveconfig_version = 0 if is_ignored else self._version()

    def end(self, worker: Any, req: Any, environ: Mapping[str, Any], resp: Any) -> None:
        """Count a request, once; to be called while what was raised is at hand."""
        version = getattr(req, "liveconfig_version", 0)
        # Without a response it was the client's request that was wrong.
        if version and resp is not None:
            req.liveconfig_version = 0
            self._row.count_request(
                environ.get(PINNED_VERSION, version), is_failure=_has_failed(resp)
            )

    def begin_alone(self, worker: Any, req: Any) -> None:
        """Do what gunicorn's own hook does, and begin."""
        worker.log.debug("%s %s", req.method, req.path)
        self.begin(worker, req)

    def around(self, application: Asgi) -> Asgi:
        """Return an ASGI application that answers as this one does, and is counted."""

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            version = 0
            if scope["type"] == "http" and scope["path"] not in self._ignored:
                version = self._version()
            if version:
                await self._answer(version, application, scope, receive, send)
            else:
                await application(scope, receive, send)

        return counted

    async def _answer(
        self, version: int, application: Asgi, scope: Any, receive: Any, send: Any
    ) -> None:
        status = 0
        is_over = False

        async def send_and_count(message: Any) -> None:
            nonlocal status, is_over
            await send(message)
            kind = message["type"]
            if kind == "http.response.start":
                status = message["status"]
            elif kind == "http.response.body" and not message.get("more_body"):
                is_over = True
                self._row.count_request(version, is_failure=status >= _FAILS)

        try:
            await application(scope, receive, send_and_count)
        except Exception:
            # What comes after the answer, no client sees.
            if not is_over:
                is_over = True
                self._row.count_request(version, is_failure=True)
            raise
        # Nothing is left for a client that has gone, which cancels the application.
        if not is_over:
            self._row.count_request(version, is_failure=True)

    def _version(self) -> int:
        """Return the version that a request which begins now gets, 0 for none."""
        head, held = self._head[0], self._row.version
        if head == held:
            return head
        refresh_all(may_wait=False)
        return self._row.version


def _has_failed(resp: Any) -> bool:
    """Return whether a request has failed, whose hook is called with `resp`."""
    error = sys.exc_info()[1]
    # gunicorn's own way to close a connection, also after what the application raised.
    if isinstance(error, StopIteration):
        error = error.__context__
    if error is not None and not _is_of_the_client(error, resp):
        return True
    # It has none before the application gives one.
    status: int | None = getattr(resp, "status_code", None)
    return status >= _FAILS if status else error is None


def _is_of_the_client(error: BaseException, resp: Any) -> bool:
    if isinstance(error, OSError):
        return resp.headers_sent and error.errno in _CLIENT_GONE
    # What it sent, or that it ended its stream.
    return type(error).__module__.startswith("gunicorn.")


def _kinds(worker: Any) -> set[str]:
    return {f"{each.__module__}.{each.__qualname__}" for each in type(worker).__mro__}
