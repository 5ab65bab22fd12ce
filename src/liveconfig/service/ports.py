"""
One application per port.

Owns: nothing itself; `worker.own_ports` serves what is named here.
Must not know: the applications.
Runs in: every worker; with `--preload` in the master.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from liveconfig.worker.own_ports import Application, set_apart

# WSGI or ASGI: nobody here calls it.
Public = TypeVar("Public")


def by_port(application: Public, others: Mapping[int, Application]) -> Public:
    """
    Have requests of some ports answered by applications of their own.

    Which port a request came in by is decided by the socket that accepts it, which
    gunicorn has to be bound to, and never by anything in the request. The workers
    serve these ports in threads of their own, so nothing that happens on the others
    holds them up.

    Args:
        application: answers on every other port, and on unix sockets.
        others: WSGI applications by the number of the port.

    Returns:
        `application`, as it is.
    """
    for port, other in others.items():
        set_apart(port, other)
    return application
