"""The ports that a worker serves apart, where resources are short."""

from __future__ import annotations

import errno
import socket
from types import SimpleNamespace
from typing import Any

from liveconfig.worker import own_ports


class _Client(socket.socket):
    """A connection that nothing can be made of."""

    def dup(self) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")


def test_connection_without_a_descriptor_is_given_up() -> None:
    """It ends in order, and leaves its place to the next one."""
    apart: Any = own_ports._Apart([])
    client = _Client()
    apart._deadlines[client] = 1.0
    apart._answer(None, SimpleNamespace(handle=None), client, None)
    assert client.fileno() == -1
    assert apart._deadlines == {}
