"""The way of a log line from the publisher to the master."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from liveconfig.processes.relay import READY, Relay, Sender
from tests.support.eventually import eventually


@pytest.fixture
def relay() -> Iterator[Relay]:
    """The master's end; the sender's is still to be taken over."""
    relay = Relay()
    yield relay
    relay.close()


def test_line_arrives_with_its_level(relay: Relay) -> None:
    """A line comes out as it went in, with its level."""
    sender = Sender(relay.sender)
    sender.send(logging.WARNING, "grüße\nin two lines")
    assert list(relay.messages()) == [(logging.WARNING, "grüße\nin two lines")]
    sender.close()


def test_lines_arrive_in_order(relay: Relay) -> None:
    """Several lines arrive one by one, in order, with the ready mark among them."""
    sender = Sender(relay.sender)
    sender.send(logging.INFO, "one")
    sender.send_ready()
    sender.send(logging.INFO, "two")
    texts = list(relay.messages())
    assert texts == [(logging.INFO, "one"), (READY, "ready"), (logging.INFO, "two")]
    sender.close()


def test_receiver_never_waits(relay: Relay) -> None:
    """Asking for messages when there are none returns at once."""
    sender = Sender(relay.sender)
    assert list(relay.messages()) == []
    sender.close()


def test_lines_outlive_the_sender(relay: Relay) -> None:
    """The last words of a publisher that died are still delivered."""
    sender = Sender(relay.sender)
    sender.send(logging.INFO, "last words")
    sender.close()
    assert list(relay.messages()) == [(logging.INFO, "last words")]


def test_sender_never_waits_for_a_busy_master(relay: Relay) -> None:
    """Lines without room are dropped, and those that had room are whole."""
    sender = Sender(relay.sender)
    for _ in range(10_000):
        sender.send(logging.INFO, "x" * 1000)
    received = list(relay.messages())
    assert 0 < len(received) < 10_000
    assert {text for _, text in received} == {"x" * 1000}
    sender.close()


def test_sender_survives_its_master() -> None:
    """A line to a master that is gone is dropped without an error."""
    relay = Relay()
    sender = Sender(relay.sender)
    relay.close()
    sender.send(logging.INFO, "nobody listens")
    sender.close()


def test_long_line_is_cut_not_lost(relay: Relay) -> None:
    """A line beyond the largest message arrives cut off."""
    sender = Sender(relay.sender)
    sender.send(logging.INFO, "y" * 100_000)
    [(level, text)] = relay.messages()
    assert level == logging.INFO
    assert set(text) == {"y"}
    assert 10_000 < len(text) < 100_000
    sender.close()


def test_message_wakes_the_master(relay: Relay) -> None:
    """The kernel sends SIGCHLD to the receiving process when a line comes in."""
    woken: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        woken.append(number)

    before = signal.signal(signal.SIGCHLD, note)
    try:
        relay.wake_on_message()
        sender = Sender(relay.sender)
        sender.send(logging.INFO, "wake up")
        eventually(lambda: woken)
        sender.close()
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_descriptors_are_closed(relay: Relay) -> None:
    """Both ends give their descriptors back."""
    before = len(os.listdir("/proc/self/fd"))
    second = Relay()
    Sender(second.sender).close()
    second.close()
    assert len(os.listdir("/proc/self/fd")) == before
