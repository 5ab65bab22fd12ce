"""How often a config on trial is looked at."""

from __future__ import annotations

import math

import pytest

from liveconfig.publishing import trials
from tests.support.clock import Clock
from tests.support.desk import Desk
from tests.support.service import Service


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all trials."""
    clock = Clock()
    monkeypatch.setattr(trials, "time", clock)
    return clock


@pytest.fixture
def service(desk: Desk, clock: Clock) -> Service:
    """A service whose source has nothing yet."""
    return Service(desk, clock)


def test_few_requests_fail_where_many_are_asked(service: Service, clock: Clock) -> None:
    """With 1,000 requests a second it is looked at often enough for 40 at most."""
    service.prove("good")
    service.edit("bad")
    service.look()
    while service.desk.told().trial is not None:
        seconds = service.publisher.next_look - clock.now
        service.ask(bad=math.ceil(1000 * seconds))
        service.look(seconds)
    withdrawn = service.desk.told().withdrawn
    assert withdrawn is not None
    assert withdrawn.figures.failures <= 40


def test_trial_is_looked_at_seldom_later(service: Service, clock: Clock) -> None:
    """After its first second: what hurts at once has been seen by then."""
    service.edit("one")
    service.look(1.1)
    assert service.publisher.next_look == pytest.approx(clock.now + 0.05)
