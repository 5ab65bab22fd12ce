"""A config on trial: proven, taken back, tried again, and known after a restart."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from liveconfig.memory.history import History
from liveconfig.operators.status import status_document
from liveconfig.publishing import trials
from liveconfig.publishing.trial_notes import TrialNotes
from liveconfig.schema.schema import Schema
from tests.support.clock import Clock
from tests.support.damage import overwrite
from tests.support.desk import Desk, Greeting, Required
from tests.support.service import TRIAL_SECONDS, Service

_ENOUGH = 50
_NO_RECORD_HOLDS = [
    b"a" * 200_000 + b" 1 on\n",
    b"a " + b"9" * 4000 + b" ended\n",
    b'[{"version": 1%s, "digest": "a", "since": 0, "reason": "b"}]' % (b"0" * 30),
    b'[{"version": 1, "digest": "a", "since": 1e300, "reason": "b"}]',
    b'[{"version": 1, "digest": "a", "since": 0, "reason": "%s"}]' % (b"b" * 200_000),
]


class _DeathError(Exception):
    """Stands for the end of a publisher."""


def _die(*_: object, **__: object) -> None:
    raise _DeathError


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


@pytest.fixture
def again(desk: Desk, clock: Clock, tmp_path: Path) -> Iterator[list[Service]]:
    """The services of one cache directory, each after the end of the one before."""
    desk.settings = replace(desk.settings, cache_dir=str(tmp_path / "cache"))
    services = [Service(desk, clock)]
    yield services
    for service in services[1:]:
        service.desk.close()


def _restart(services: list[Service]) -> Service:
    """Start as the whole container does again, and be ended with the others."""
    services.append(services[-1].restart())
    return services[-1]


def _proven_of(service: Service) -> object:
    """Return what is proven, and check that it is what is live."""
    told = service.desk.told()
    assert told.proven is not None
    assert (told.proven.version, told.proven.digest) == (told.version, told.digest)
    return told.proven


def _take_back(service: Service) -> None:
    """Have `bad` taken back, and `good`, which is proven, be live again."""
    service.prove("good")
    service.edit("bad")
    service.ask(bad=_ENOUGH)
    service.look()


def test_config_is_proven_when_its_time_is_over(service: Service) -> None:
    """Until then it is on trial, and there is a next look; afterwards there is none."""
    service.edit("one")
    trial = service.desk.told().trial
    assert trial is not None
    assert (trial.version, trial.mode) == (1, "watch")
    assert trial.deadline - trial.began == TRIAL_SECONDS
    assert service.publisher.next_look < math.inf
    service.ask(good=3)
    service.look(TRIAL_SECONDS - 0.1)
    assert service.desk.told().proven is None
    service.look(0.1)
    told = service.desk.told()
    assert told.trial is None
    assert told.proven is not None
    assert (told.proven.version, told.proven.digest) == (1, told.digest)
    assert service.publisher.next_look == math.inf


def test_config_that_hurts_is_taken_back(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """The proven one is published again, with the figures in one line of the log."""
    service.prove("good")
    service.edit("bad")
    service.ask(good=1, bad=_ENOUGH)
    caplog.clear()
    service.look(0.2)
    told = service.desk.told()
    assert (service.live, told.version, told.trial) == ("good", 3, None)
    assert told.withdrawn is not None
    assert (told.withdrawn.version, told.withdrawn.figures.failures) == (2, _ENOUGH)
    assert told.withdrawn.before.requests == 1000
    assert told.proven is not None
    assert (told.proven.version, told.proven.digest) == (3, told.digest)
    taken_back = [text for text in caplog.messages if "taken back" in text]
    assert len(taken_back) == 1
    assert f"{_ENOUGH} of {_ENOUGH + 1} requests failed" in taken_back[0]
    assert (
        History.read(service.desk.history).entries[-1].reason == told.withdrawn.reason
    )


def test_workers_are_woken_when_a_config_is_taken_back(service: Service) -> None:
    """Nobody waits for the next request or the next poll."""
    service.prove("good")
    service.edit("bad")
    listener = service.desk.shared.published.listen()
    service.ask(bad=_ENOUGH)
    service.look()
    assert listener.wait(0)
    listener.close()


def test_same_content_is_not_tried_again(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """Laid out otherwise it is the same; the log says so in one line each time."""
    _take_back(service)
    caplog.clear()
    service.edit("bad", layout="# with a remark\nmessage: '{}'\n")
    assert (service.live, service.desk.config.version) == ("good", 3)
    (line,) = caplog.messages
    assert "not tried again" in line
    assert service.desk.told().withdrawn is not None
    service.publisher.refresh()
    assert len(caplog.messages) == 1


def test_other_content_clears_what_was_taken_back(service: Service) -> None:
    """The state is that of what the source holds now."""
    _take_back(service)
    service.edit("mended")
    told = service.desk.told()
    assert (service.live, told.withdrawn) == ("mended", None)
    assert told.trial is not None
    service.edit("good")
    told = service.desk.told()
    assert (service.live, told.trial, told.withdrawn) == ("good", None, None)
    service.edit("bad")
    assert service.live == "good"
    assert service.desk.told().withdrawn is not None


def test_author_who_takes_a_change_back_needs_no_trial(service: Service) -> None:
    """What is proven is so again at once, under its new version."""
    service.prove("good")
    proven = service.desk.told().proven
    service.edit("other")
    service.edit("good")
    told = service.desk.told()
    assert (service.live, told.version, told.trial) == ("good", 3, None)
    assert told.proven is not None
    assert proven is not None
    assert (told.proven.version, told.proven.at) == (3, proven.at)


def test_several_versions_in_one_trial_go_back_to_the_proven_one(
    service: Service,
) -> None:
    """Not to the one before, which nobody knows to be good."""
    service.prove("good")
    # More than the table of workers remembers.
    for number in range(6):
        service.edit(f"unknown {number}")
        service.ask(good=10)
        service.look(1)
    service.edit("bad")
    service.ask(bad=_ENOUGH)
    service.look(1)
    assert service.live == "good"
    assert service.desk.told().condemned[-1].version == 8
    assert service.desk.told().condemned[-1].before.requests == 1000
    # Those between were not condemned, so they may come again.
    service.edit("unknown 1")
    assert service.live == "unknown 1"


def test_each_version_has_its_whole_time(service: Service) -> None:
    """A change in the midst of a trial begins another one."""
    service.edit("one")
    service.look(TRIAL_SECONDS - 1)
    service.edit("two")
    service.look(TRIAL_SECONDS - 1)
    assert service.desk.told().proven is None
    service.look(1)
    assert service.desk.told().proven is not None


def test_flapping_source_serves_what_is_not_condemned(service: Service) -> None:
    """However often the harmful content comes back, it is served once."""
    service.prove("good")
    for number in range(20):
        service.edit("bad")
        if service.live == "bad":
            assert number == 0
            service.ask(bad=_ENOUGH)
        service.look(0.1)
        assert service.live == "good"
        service.edit("good")
        service.look(0.1)
        assert service.live == "good"
    assert service.desk.config.version == 3


def test_condemned_content_leaves_the_trial_of_another_as_it_is(
    service: Service,
) -> None:
    """What is live goes on to be tried; what the source holds is shown."""
    _take_back(service)
    service.edit("other")
    service.edit("bad")
    told = service.desk.told()
    assert (service.live, told.trial is None) == ("other", False)
    assert told.withdrawn is not None
    service.look(TRIAL_SECONDS)
    told = service.desk.told()
    assert told.proven is not None
    assert told.proven.digest == told.digest
    assert told.withdrawn is not None
    assert told.withdrawn.digest != told.digest


def test_nothing_proven_leaves_a_harmful_config_live_and_says_so(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nothing to go back to, and nobody may be sent to this pod."""
    service.edit("bad")
    service.ask(bad=_ENOUGH)
    service.look(1)
    told = service.desk.told()
    assert (service.live, told.version, told.trial) == ("bad", 1, None)
    assert told.withdrawn is not None
    assert told.serves_condemned
    assert "no proven config to go back to" in caplog.text
    service.publisher.refresh()
    service.edit("bad", layout="message: '{}'\n")
    assert service.desk.told().serves_condemned
    assert service.desk.told().withdrawn is not None
    service.edit("good")
    assert not service.desk.told().serves_condemned
    assert service.desk.told().withdrawn is None


def test_condemned_config_that_is_live_is_shown_whatever_the_source_holds(
    service: Service,
) -> None:
    """A bad file beside it is one thing more, and does not hide it."""
    service.edit("bad")
    service.ask(bad=_ENOUGH)
    service.look(1)
    service.edit("", layout="message: [")
    shown = status_document(service.desk.shared, None, None)
    assert shown.rejected is not None
    assert shown.withdrawn is not None
    assert shown.withdrawn.digest == shown.digest


def test_reload_tries_again(service: Service) -> None:
    """The code may be another one: what was condemned is served once more."""
    _take_back(service)
    service.kill()
    service.publisher.renew(is_awaited=False)
    service.look(0.1)
    told = service.desk.told()
    assert (service.live, told.withdrawn, told.condemned) == ("bad", None, ())
    assert told.trial is not None
    service.look(TRIAL_SECONDS)
    assert service.desk.told().proven == _proven_of(service)


def test_reload_waits_for_the_workers_of_before(service: Service) -> None:
    """These have the code that fails, so a config is not judged by them again."""
    _take_back(service)
    service.kill()
    service.publisher.renew(is_awaited=True)
    service.look(1)
    assert service.live == "good"
    assert service.publisher.next_look < math.inf
    service.desk.shared.workers.take_back_all_but(())
    service.look(1)
    assert service.live == "bad"


def test_reload_does_not_wait_for_ever(service: Service) -> None:
    """A worker that does not end is no reason to try nothing again."""
    _take_back(service)
    service.kill()
    service.publisher.renew(is_awaited=True)
    service.look(61)
    assert service.live == "bad"


def test_reload_begins_a_trial_anew(service: Service) -> None:
    """What failed with the code of before is not held against the config."""
    service.prove("good")
    service.edit("other")
    service.ask(bad=10)
    service.look(1)
    service.kill()
    service.publisher.renew(is_awaited=False)
    service.look(1)
    trial = service.desk.told().trial
    assert trial is not None
    assert (trial.version, trial.start.failures) == (2, 10)
    assert trial.deadline == service.clock.now + TRIAL_SECONDS
    service.ask(bad=10)
    service.look(1)
    assert service.live == "other"
    service.ask(bad=_ENOUGH)
    service.look(1)
    assert service.live == "good"


def test_reload_measures_the_proven_config_anew(service: Service) -> None:
    """What failed with the code of before excuses no config that fails now."""
    service.prove("good")
    service.ask(bad=1000)
    service.kill()
    service.publisher.renew(is_awaited=False)
    service.ask(good=100)
    service.edit("bad")
    trial = service.desk.told().trial
    assert trial is not None
    assert (trial.before.requests, trial.before.failures) == (100, 0)
    service.ask(bad=_ENOUGH)
    service.look(1)
    assert service.live == "good"


def test_reload_without_anything_to_try_changes_nothing(service: Service) -> None:
    """There is no look, so nothing wakes the publisher."""
    service.prove("good")
    service.kill()
    service.publisher.renew(is_awaited=True)
    assert service.publisher.next_look == math.inf


def test_reload_tries_what_is_served_for_want_of_anything_else(
    service: Service,
) -> None:
    """It is live already, so its trial begins by what is counted from now on."""
    service.edit("bad")
    service.ask(bad=_ENOUGH)
    service.look()
    service.kill()
    service.publisher.renew(is_awaited=False)
    service.look()
    told = service.desk.told()
    assert (told.version, told.serves_condemned) == (1, False)
    assert told.trial is not None
    service.ask(good=100)
    service.look(TRIAL_SECONDS)
    assert _proven_of(service)


def test_successor_goes_on_with_a_trial(service: Service) -> None:
    """With its deadline, and with what was counted before."""
    service.prove("good")
    service.edit("other")
    trial = service.desk.told().trial
    service.ask(bad=10)
    service.look(1)
    service.kill()
    assert service.desk.told().trial == trial
    service.publisher.refresh()
    service.ask(bad=_ENOUGH - 10)
    service.look(1)
    assert (service.live, service.desk.config.version) == ("good", 3)


def test_successor_begins_a_trial_that_was_not_noted(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher that dies right after its publication leaves nothing unjudged."""
    service.prove("good")
    with monkeypatch.context() as patched:
        patched.setattr(trials.Trials, "begin", _die)
        with pytest.raises(_DeathError):
            service.edit("other")
    service.kill()
    trial = service.desk.told().trial
    assert trial is not None
    assert (trial.version, trial.before.requests) == (2, 1000)


@pytest.mark.parametrize("step", ["_go_back", "settle"])
def test_successor_completes_a_way_back(
    service: Service, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Wherever its publisher dies after it has condemned, the proven one is live."""
    service.prove("good")
    service.edit("bad")
    service.ask(bad=_ENOUGH)
    with monkeypatch.context() as patched:
        patched.setattr(trials.Trials, step, _die)
        with pytest.raises(_DeathError):
            service.look()
    service.kill()
    told = service.desk.told()
    assert (service.live, told.version, told.trial) == ("good", 3, None)
    assert told.withdrawn is not None
    service.publisher.refresh()
    assert (service.live, service.desk.config.version) == ("good", 3)


def test_successor_knows_of_a_way_back_that_was_not_noted(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher that dies right after it has gone back has gone back."""
    service.prove("good")
    service.edit("bad")
    service.ask(bad=_ENOUGH)
    with monkeypatch.context() as patched:
        patched.setattr(trials.Trials, "_as_now_live", _die)
        with pytest.raises(_DeathError):
            service.look()
    assert service.live == "good"
    service.kill()
    service.publisher.refresh()
    told = service.desk.told()
    assert (service.live, told.version, told.trial) == ("good", 3, None)
    assert told.proven is not None
    assert told.proven.version == 3
    assert told.condemned_as(told.digest) is None


def test_successor_writes_what_is_proven_where_its_publisher_did_not(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher that dies between the two notes leaves a way back all the same."""
    service.edit("good")
    with monkeypatch.context() as patched:
        patched.setattr("liveconfig.publishing.releases.Releases.prove", _die)
        with pytest.raises(_DeathError):
            service.look(TRIAL_SECONDS)
    service.kill()
    service.edit("bad")
    service.kill()
    service.ask(bad=_ENOUGH)
    service.look()
    assert service.live == "good"


def test_proven_config_that_was_overwritten_is_written_again(service: Service) -> None:
    """The next look at the source finds it out."""
    service.prove("good")
    proven = service.desk.shared.proven
    overwrite(proven.descriptor, 64, bytes(8192))
    assert proven.read() is None
    service.publisher.refresh()
    publication = proven.read()
    assert publication is not None
    assert publication.payload == service.desk.payload()


def test_way_back_survives_another_class(service: Service) -> None:
    """After a reload with another class what was proven is gone back to if it fits."""
    service.desk.path.write_text("message: good\nlabels: {a: 1}\n")
    service.publisher.refresh()
    service.look(TRIAL_SECONDS)
    service.publisher = service.desk.publisher(Required)
    service.publisher.refresh()
    assert service.desk.told().trial is not None
    service.ask(bad=_ENOUGH)
    service.look()
    assert service.desk.published(Required) == Required("good")
    assert service.desk.told().withdrawn is not None


def test_off_takes_nothing_back(desk: Desk, clock: Clock, tmp_path: Path) -> None:
    """Each version is proven at once and kept, and there is never a look."""
    place = str(tmp_path / "cache")
    desk.settings = replace(desk.settings, trial="off", cache_dir=place)
    service = Service(desk, clock)
    for message in ("one", "two"):
        service.edit(message)
        service.ask(bad=_ENOUGH)
        told = desk.told()
        assert (service.live, told.trial) == (message, None)
        assert told.proven is not None
        assert told.proven.digest == told.digest
        assert service.publisher.next_look == math.inf
        assert desk.cache().load() == (desk.payload(), [])
    assert desk.shared.proven.version == 0


def test_trials_that_are_turned_off_are_over(service: Service) -> None:
    """As by a reload with another setting: nothing is condemned any more."""
    _take_back(service)
    service.edit("other")
    service.desk.settings = replace(service.desk.settings, trial="off")
    service.kill()
    told = service.desk.told()
    assert (told.trial, told.condemned) == (None, ())
    assert told.proven is not None
    assert told.proven.digest == told.digest
    service.edit("bad")
    assert service.live == "bad"


def test_only_a_proven_config_is_kept(again: list[Service]) -> None:
    """What is on trial, or was taken back, is not what a start falls back to."""
    service = again[0]
    service.edit("good")
    assert service.desk.cache().load() == (None, [])
    service.look(TRIAL_SECONDS)
    assert service.desk.cache().load() == (service.desk.payload(), [])
    good = service.desk.payload()
    service.ask(good=100)
    service.edit("bad")
    service.ask(bad=_ENOUGH)
    service.look()
    service.publisher.refresh()
    assert service.desk.cache().load() == (good, [])


def test_restart_in_a_trial_does_not_serve_it_again(
    again: list[Service], caplog: pytest.LogCaptureFixture
) -> None:
    """A service that ended without a word during a trial ended of it."""
    again[0].prove("good")
    again[0].edit("bad")
    caplog.clear()
    service = _restart(again)
    told = service.desk.told()
    assert (service.live, told.origin, told.version) == ("good", "cache", 1)
    assert told.withdrawn is not None
    assert "ended without a word" in told.withdrawn.reason
    assert "is live from the cache" in caplog.text
    # And again: that is known from the disk now.
    service = _restart(again)
    assert service.live == "good"
    assert service.desk.told().withdrawn is not None
    service.edit("good")
    assert service.desk.told().withdrawn is None
    assert service.desk.told().origin == "source"


def test_restart_after_a_trial_does_not_serve_it_again(again: list[Service]) -> None:
    """What was taken back is known from the disk."""
    again[0].prove("good")
    again[0].edit("bad")
    again[0].ask(bad=_ENOUGH)
    again[0].look()
    service = _restart(again)
    assert service.live == "good"
    told = service.desk.told()
    assert told.withdrawn is not None
    assert told.withdrawn.figures.failures == _ENOUGH


def test_restart_knows_what_a_publisher_condemned_that_died_of_it(
    again: list[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its successor notes on the disk what it could not note any more."""
    again[0].prove("good")
    again[0].edit("bad")
    again[0].ask(bad=_ENOUGH)
    with monkeypatch.context() as patched:
        patched.setattr(TrialNotes, "store", _die)
        with pytest.raises(_DeathError):
            again[0].look()
    again[0].kill()
    again[0].publisher.refresh()
    service = _restart(again)
    assert service.live == "good"
    told = service.desk.told()
    assert told.withdrawn is not None
    assert told.withdrawn.figures.failures == _ENOUGH


def test_what_cannot_be_noted_is_logged(
    again: list[Service], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A restart serves again what was taken back, so its operator must know."""
    again[0].prove("good")
    (tmp_path / "cache" / "withdrawn").mkdir()
    again[0].edit("bad")
    again[0].ask(bad=_ENOUGH)
    again[0].look()
    assert again[0].live == "good"
    assert "withdrawn: Is a directory, and what was taken back" in caplog.text


def test_restart_with_what_is_proven_needs_no_trial(again: list[Service]) -> None:
    """The cache knows it from before."""
    again[0].prove("good")
    service = _restart(again)
    told = service.desk.told()
    assert (service.live, told.trial, told.origin) == ("good", None, "source")
    assert told.proven is not None
    assert (told.proven.version, told.proven.at) == (1, 0.0)


def test_restart_with_another_config_tries_it(again: list[Service]) -> None:
    """It may go back to what is in the cache, though that was not live here."""
    again[0].prove("good")
    again[0].desk.path.write_text("message: bad\n")
    service = _restart(again)
    assert service.live == "bad"
    service.ask(bad=_ENOUGH)
    service.look()
    assert (service.live, service.desk.told().origin) == ("good", "cache")


def test_restart_in_order_tries_again_twice(again: list[Service]) -> None:
    """The third time a trial is interrupted the config is condemned."""
    service = again[0]
    service.prove("good")
    service.edit("other")
    for _ in range(2):
        service.publisher.close()
        service = _restart(again)
        assert service.live == "other"
        assert service.desk.told().trial is not None
    service.publisher.close()
    service = _restart(again)
    assert service.live == "good"
    told = service.desk.told()
    assert told.withdrawn is not None
    assert "3 times" in told.withdrawn.reason


def test_restart_without_anything_proven_tries_again_twice(
    again: list[Service],
) -> None:
    """There is nothing else to serve, so it may show that it was not to blame."""
    service = again[0]
    service.edit("bad")
    for _ in range(2):
        service = _restart(again)
        assert service.desk.told().trial is not None
    service = _restart(again)
    told = service.desk.told()
    assert (service.live, told.serves_condemned) == ("bad", True)
    assert told.withdrawn is not None


def test_restart_after_another_change_tries_that(again: list[Service]) -> None:
    """What ended the service is condemned, and nothing else."""
    again[0].prove("good")
    again[0].edit("bad")
    again[0].desk.path.write_text("message: mended\n")
    service = _restart(again)
    assert service.live == "mended"
    assert service.desk.told().withdrawn is None
    service.edit("bad")
    assert service.live == "mended"


def test_trial_of_a_living_service_is_its_own(
    again: list[Service], tmp_path: Path
) -> None:
    """A second master, as after USR2, condemns nothing that the first still tries."""
    first = again[0]
    first.prove("good")
    first.edit("other")
    desk = Desk(first.desk.path.parent)
    desk.settings = first.desk.settings
    second = Service(desk, first.clock)
    again.append(second)
    second.publisher.refresh()
    assert second.live == "other"
    assert desk.told().trial is not None
    # What the second one has noted stays, though the first ends, or is done with its
    # own.
    first.publisher.close()
    assert TrialNotes(desk.settings.cache_dir).interrupted() is None
    first.edit("good")
    noted = (tmp_path / "cache" / "trial").read_text()
    assert noted == f"{desk.told().digest} 0 on\n"
    assert TrialNotes(desk.settings.cache_dir).interrupted() is None
    desk.dismiss()
    interrupted = TrialNotes(desk.settings.cache_dir).interrupted()
    assert interrupted is not None
    assert interrupted.is_sudden


def test_reload_forgets_what_is_on_disk(again: list[Service]) -> None:
    """So that a restart after it does not condemn what it has tried again."""
    again[0].prove("good")
    again[0].edit("bad")
    again[0].ask(bad=_ENOUGH)
    again[0].look()
    again[0].kill()
    again[0].publisher.renew(is_awaited=False)
    again[0].look(1)
    again[0].look(TRIAL_SECONDS)
    assert again[0].live == "bad"
    service = _restart(again)
    assert service.live == "bad"
    assert service.desk.told().trial is None


@pytest.mark.parametrize("name", ["trial", "withdrawn"])
@pytest.mark.parametrize(
    "content", [b"", b"nonsense\n", b"\xff\xff", b"[1]", b"a b c", *_NO_RECORD_HOLDS]
)
def test_note_that_is_none_is_left_alone(
    again: list[Service], tmp_path: Path, name: str, content: bytes
) -> None:
    """Whatever is in the two files, a start goes on."""
    again[0].prove("good")
    (tmp_path / "cache" / name).write_bytes(content)
    assert _restart(again).live == "good"


def test_cache_of_another_class_is_no_way_back(
    again: list[Service], caplog: pytest.LogCaptureFixture
) -> None:
    """It is not looked for a reason to say so, as long as the source is good."""
    again[0].desk.cache().store(Schema(Greeting).pack(Greeting()).payload[:40])
    caplog.set_level(logging.WARNING)
    again[0].desk.path.write_text("message: one\n")
    service = _restart(again)
    assert service.desk.told().proven is None
    assert not caplog.messages


def test_clock_that_is_stepped_changes_no_trial(service: Service) -> None:
    """Its end goes by the clock that nobody can step."""
    service.edit("one")
    service.clock.step(3600)
    service.look(1)
    assert service.desk.told().trial is not None
    service.clock.step(-7200)
    service.look(TRIAL_SECONDS)
    assert service.desk.told().trial is None


def test_death_of_one_of_two_condemns_nothing(service: Service) -> None:
    """Also while the other one boots, and when the one is gone at the next look."""
    service.prove("good")
    first = service.worker
    service.desk.worker("second")
    service.edit("other")
    first.took(2, 0)
    workers = service.desk.shared.workers
    workers.count_death("worker")
    workers.take_back_all_but({"second"})
    service.look(1)
    assert service.live == "other"
    service.worker.took(2, 0)
    workers.count_death("second")
    service.look(1)
    assert service.live == "good"


def test_deaths_condemn(service: Service) -> None:
    """Workers that die of it count, however few requests there are."""
    service.prove("good")
    service.edit("bad")
    service.worker.took(2, 0)
    service.desk.shared.workers.count_death("worker")
    service.look()
    assert service.live == "good"
