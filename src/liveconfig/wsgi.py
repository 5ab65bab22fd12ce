"""
Around any WSGI application: ports of their own, and the wait for the first config.

Owns: which requests come through before there is a config, and the answer to others;
    `worker.own_ports` serves the ports that are named here.
Must not know: what the applications do.
Runs in: every worker; with `--preload` in the master.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from liveconfig.errors import NoConfigYetError
from liveconfig.worker.manager import ConfigManager
from liveconfig.worker.own_ports import Application, set_apart

_BODY = b"no config to serve yet\n"
_HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(_BODY))),
]

# WSGI or ASGI: nobody here calls it.
Public = TypeVar("Public")


def by_port(application: Public, others: Mapping[int, Application]) -> Public:
    """
    Have requests of some ports answered by applications of their own.

    Which port a request came in by is decided by the socket that accepts it, which
    gunicorn has to be bound to, and never by anything in the request. The workers
    serve these ports in threads of their own, so nothing that happens on the others
    holds them up.

    Example::

        app = by_port(app, {9090: create_admin_app(manager)})

    Args:
        application: answers on every other port, and on unix sockets.
        others: WSGI applications by the number of the port.

    Returns:
        `application`, as it is.
    """
    for port, other in others.items():
        set_apart(port, other)
    return application


def when_configured(
    application: Application,
    manager: ConfigManager[Any],
    always: Collection[str] = (),
) -> Application:
    """
    Return an application that answers 503 until there is a config.

    Example::

        app = when_configured(app, manager, always=["/livez"])

    What `ConfigManager.get` raises beside NoConfigYetError goes through.

    Args:
        application: answers every request once there is one.
        manager: hands out the configs.
        always: paths that it answers at any time, such as the one of a liveness probe.
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
