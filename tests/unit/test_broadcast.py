"""The broadcast: one call wakes whoever listens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from liveconfig.processes.broadcast import Broadcast


@pytest.fixture
def broadcast() -> Iterator[Broadcast]:
    """A broadcast that was not sent yet."""
    broadcast = Broadcast.create()
    yield broadcast
    broadcast.close()


def test_every_listener_is_woken_once(broadcast: Broadcast) -> None:
    """One call wakes each listener, once, whatever the others have seen."""
    listeners = [broadcast.listen() for _ in range(3)]
    assert not any(listener.wait(0) for listener in listeners)
    broadcast.send()
    assert all(listener.wait(0) for listener in listeners)
    assert not any(listener.wait(0) for listener in listeners)
    broadcast.send()
    assert all(listener.wait(0) for listener in listeners)
    for listener in listeners:
        listener.close()


def test_what_was_sent_before_is_no_news(broadcast: Broadcast) -> None:
    """A listener is woken by what is sent after it began to listen."""
    broadcast.send()
    listener = broadcast.listen()
    assert not listener.wait(0)
    listener.close()


def test_news_while_nobody_waits_is_kept(broadcast: Broadcast) -> None:
    """What is sent between two waits ends the next one, however often it was sent."""
    listener = broadcast.listen()
    for _ in range(1000):
        broadcast.send()
    assert listener.wait(0)
    assert not listener.wait(0)
    listener.close()
