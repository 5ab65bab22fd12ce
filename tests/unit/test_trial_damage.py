"""What is counted in a trial when the record of the config is damaged."""

from __future__ import annotations

import pytest

from liveconfig.publishing import trials
from tests.support.clock import Clock
from tests.support.damage import overwrite
from tests.support.desk import Desk
from tests.support.service import TRIAL_SECONDS, Service

_ENOUGH = 50
_PAGE = 4096


@pytest.fixture
def service(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service whose source has nothing yet."""
    clock = Clock()
    monkeypatch.setattr(trials, "time", clock)
    return Service(desk, clock)


def test_version_after_damage_is_judged_from_its_begin(service: Service) -> None:
    """What another version was not to be blamed for, this one is not given."""
    service.prove("good")
    service.edit("bad")
    service.ask(bad=15)
    service.publisher.renew(is_awaited=False)
    service.look()
    overwrite(service.desk.config.descriptor, 0, bytes(_PAGE))
    service.publisher.refresh()
    trial = service.desk.told().trial
    assert trial is not None
    assert trial.version == 3
    service.ask(bad=24)
    service.look()
    assert service.live == "good"


def test_what_was_not_counted_is_not_missing_after_damage(service: Service) -> None:
    """The requests before a trial are left out of its version alone."""
    service.edit("good")
    service.ask(good=_ENOUGH)
    service.publisher.renew(is_awaited=False)
    service.look()
    service.look(TRIAL_SECONDS)
    overwrite(service.desk.config.descriptor, 0, bytes(_PAGE))
    service.publisher.refresh()
    service.ask(good=10)
    service.edit("other")
    trial = service.desk.told().trial
    assert trial is not None
    assert trial.before.requests == 0
