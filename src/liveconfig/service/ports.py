"""
One application per port.

Owns: the choice by the port that a request came in on.
Must not know: the applications.
Runs in: every worker.

The port is the listener's own, which gunicorn puts into the environ. No header and no
spelling of a path leads from one port to the routes of another: the application that
answers does not have them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

# As WSGI has it: it takes the environ and `start_response`.
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def by_port(application: Application, others: Mapping[int, Application]) -> Application:
    """
    Return an application that hands each request to the one of its port.

    Args:
        application: answers on every port that is not one of `others`.
        others: by the number of the port.
    """
    by_text = {str(port): other for port, other in others.items()}

    def choose(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        chosen = by_text.get(environ["SERVER_PORT"], application)
        return chosen(environ, start_response)

    return choose
