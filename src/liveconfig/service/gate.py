"""
What a WSGI application answers while its service waits for the first config.

Owns: which requests come through before that, and the answer to the others.
Must not know: what the application does.
Runs in: every worker.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import Any

from liveconfig.errors import NoConfigYetError
from liveconfig.worker.manager import ConfigManager
from liveconfig.worker.own_ports import Application

_BODY = b"no config to serve yet\n"
_HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(_BODY))),
]


def when_configured(
    application: Application,
    manager: ConfigManager[Any],
    always: Collection[str] = (),
) -> Application:
    """
    Return an application that answers 503 until there is a config.

    Args:
        application: is asked whatever comes once there is one.
        manager: hands out the configs.
        always: paths that it is asked at any time, such as the one of a liveness probe.
    """

    def gate(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") not in always:
            try:
                manager.get()
            except NoConfigYetError:
                status = HTTPStatus.SERVICE_UNAVAILABLE
                start_response(f"{status.value} {status.phrase}", _HEADERS)
                return [] if environ["REQUEST_METHOD"] == "HEAD" else [_BODY]
        return application(environ, start_response)

    return gate
