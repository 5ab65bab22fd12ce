"""
Log lines on their way from the publisher to the master's logger.

Owns: the socket between the two, the shape of a message on it, and what else the two
    have to agree on: the signal to look again, and the roles of a publisher.
Must not know: what the lines say, what a config is.
Runs in: the publisher (which sends) and the gunicorn master (which receives).

Why a socket of whole messages: the publisher may die at any instruction, and half a
line must not reach the log. Why never blocking: a master that is stopped or busy must
not hold up a publication, so a line that finds no room is dropped.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Iterator

# The level of the one message that is not a log line: the first read is done.
READY = 0
# Nor is this one: a successor has found that it could take the place of another.
FITS = 1
# What the master asks of the publisher: look at source and record, though nothing
# changed. One that cannot hear it yet ignores this signal, and is about to look anyway.
LOOK_AGAIN = signal.SIGURG

# What a publisher does before it claims the records: nothing; or it waits until the one
# before it has ended, which it does not bring about unless its schema fits; or loads.
FIRST, MUST_FIT, MUST_LOAD = ROLES = ("first", "must-fit", "must-load")

# A longer line is cut: a message is sent and received whole, or not at all.
_MESSAGE_BYTES_MAX = 16_384


class Sender:
    """
    The publisher's end: each line is one message to the master.

    Nothing of it is known to `logging` or `socket`, which other code may change.
    """

    def __init__(self, descriptor: int) -> None:
        """Take over the sending end by its descriptor."""
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def send(self, level: int, text: str) -> None:
        """Send a line with its level, or drop it when there is no room."""
        message = f"{level} {text}".encode(errors="replace")[:_MESSAGE_BYTES_MAX]
        # No room, or no master: there is nobody left to send to.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, message)

    def send_ready(self) -> None:
        """Send the master that the source was read for the first time."""
        self.send(READY, "ready")

    def send_fits(self) -> None:
        """Send the master that this publisher may take the place of another."""
        self.send(FITS, "fits")

    def close(self) -> None:
        """Close the sending end."""
        os.close(self._descriptor)


class Relay:
    """
    The master's end: messages as they come, without a thread.

    Attributes:
        sender: the descriptor to hand to the publisher; close it afterwards.
    """

    def __init__(self) -> None:
        """Make the socket pair."""
        self._receiver, sender = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET
        )
        self._receiver.setblocking(False)
        self.sender = sender.detach()

    def fileno(self) -> int:
        """Return the receiving descriptor, for poll."""
        return self._receiver.fileno()

    def wake_on_message(self) -> None:
        """
        Have the kernel send this process SIGCHLD whenever a message arrives.

        The master's loop sleeps until a signal comes; SIGCHLD is the one that it
        answers by looking after its children.
        """
        descriptor = self._receiver.fileno()
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGCHLD)
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)

    def messages(self) -> Iterator[tuple[int, str]]:
        """Yield the level and text of each message that is there; never wait."""
        while True:
            try:
                message = self._receiver.recv(_MESSAGE_BYTES_MAX)
            except (BlockingIOError, ConnectionError):
                return
            if not message:
                return
            level, _, text = message.decode(errors="replace").partition(" ")
            yield int(level), text

    def close(self) -> None:
        """Close the receiving end; messages that are still in it are lost."""
        self._receiver.close()
