"""
A server before bytes that are almost, or not at all, HTTP.

Owns: what any answer may be, and what must not be answered on the public port.
Must not know: how the server was started.
Runs in: the child that tries inputs; the server is the parent's.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.fuzz.campaign import Target
from tests.support.raw_http import ask_raw

# What a server may say of a request that is odd; no error of its own is among it.
_STATUSES = {0, 100, 200, 304, 400, 403, 404, 405, 414, 417, 431, 501, 505}

# What only the operators' routes say.
_OPERATORS_ONLY = (b'"log_level"', b'"publisher"')


def http_target(port: int, admin_port: int) -> Target:
    """Return the target that is both ports of a running server."""
    return Target("http", ("http",), partial(_check, port, admin_port), ("http",))


def _check(port: int, admin_port: int, content: bytes, place: Path) -> str:
    """Any bytes are answered properly, and the public port stays public."""
    public, admin = (ask_raw(each, content, ends=True) for each in (port, admin_port))
    for answer in (public, admin):
        assert answer.status in _STATUSES, answer
    for text in _OPERATORS_ONLY:
        assert text not in public.body, public
    return f"{public.status} {admin.status} {sorted(public.headers)}"
