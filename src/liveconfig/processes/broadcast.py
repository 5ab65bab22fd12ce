"""
One call that wakes every worker: "there is a new version".

Owns: the event that all processes inherit, and a worker's way to wait for it.
Must not know: what is published, who waits, why.
Runs in: the publisher, which sends; every worker, which listens, and sends where a
    callback is new.

Why an eventfd that nobody reads: whoever reads takes the news away from the others.
Every listener has an epoll of its own instead, which reports each new arrival once (it
is edge-triggered), however often others have seen it. So any number of processes is
woken by one system call, nothing is counted up, and nobody is waited for.

Why the wait is one for the epoll to be readable, by `select.poll`: that is what gevent
replaces by a wait in which others go on. Asking the epoll what there is never waits.
"""

from __future__ import annotations

import os
import select
from select import EPOLLET, EPOLLIN

try:
    from select import epoll
except ImportError:
    # gevent has patched already, and takes it away lest somebody waits by it.
    from gevent.monkey import get_original

    epoll = get_original("select", "epoll")  # type: ignore[misc]


class Broadcast:
    """
    The sender's side; it is also what a listener listens to.

    Attributes:
        descriptor: of the event, closed on exec; other programs get it and attach.
    """

    def __init__(self, descriptor: int) -> None:
        """Attach to an event by its descriptor, which this object owns from now on."""
        self.descriptor = descriptor

    @classmethod
    def create(cls) -> Broadcast:
        """Make an event that nobody has sent yet."""
        return cls(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))

    def send(self) -> None:
        """Wake every listener; wait for none of them."""
        # The count has 64 bits: at a million a second it is full after 584,000 years.
        os.eventfd_write(self.descriptor, 1)

    def listen(self) -> Listener:
        """
        Return a way to wait for what is sent from now on.

        Raises:
            OSError: no descriptor is left.
        """
        return Listener(self.descriptor)

    def close(self) -> None:
        """Close the event in this process."""
        os.close(self.descriptor)


class Listener:
    """One thread's way to wait; of no use to a forked child, which makes its own."""

    def __init__(self, descriptor: int) -> None:
        """Listen to the event behind `descriptor`, which stays the caller's."""
        self._epoll = epoll()
        self._epoll.register(descriptor, EPOLLIN | EPOLLET)
        # What was sent before counts as news once; the caller is about to look anyway.
        self._epoll.poll(0)

    def wait(self, seconds: float | None = None) -> bool:
        """
        Wait until something is sent, or was since the last wait; return whether it was.

        Args:
            seconds: how long at most, None for as long as it takes.
        """
        waiting = select.poll()
        waiting.register(self._epoll.fileno(), select.POLLIN)
        if not waiting.poll(None if seconds is None else seconds * 1000):
            return False
        # What is read off here is news to none but this listener.
        return bool(self._epoll.poll(0))

    def close(self) -> None:
        """Stop listening."""
        self._epoll.close()
