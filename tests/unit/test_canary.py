"""A config that one worker tries: who does, when it is accepted or taken back."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from liveconfig.publishing import releases, trials
from tests.support.clock import Clock
from tests.support.crew import FIRST_WORKERS, TRIAL_SECONDS, Stage
from tests.support.damage import overwrite
from tests.support.desk import Desk

_ENOUGH = 50
_OFFER_BYTE = 128
_FIRST, _SECOND, _THIRD = FIRST_WORKERS


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


@pytest.fixture(autouse=True)
def _all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.fixture
def stage(desk: Desk, clock: Clock) -> Iterator[Stage]:
    """Three workers, a proven config in version 1."""
    stage = Stage(desk, clock)
    for pid in (_FIRST, _SECOND, _THIRD):
        stage.crew.start(pid)
    stage.prove("good")
    yield stage
    newest = desk.shared.workers.newest_version()
    assert max(desk.config.version, desk.shared.candidate.version) >= newest
    stage.crew.close()


def test_first_config_of_all_is_for_all(desk: Desk, clock: Clock) -> None:
    """Somebody must serve it; and so is the next one, as long as none is proven."""
    stage = Stage(desk, clock)
    stage.crew.start(_FIRST)
    for message in ("one", "two"):
        stage.edit(message)
        assert (stage.live, stage.trial.mode) == (message, "watch")
        assert stage.trial.worker == 0
    stage.crew.close()


def test_one_worker_has_it_before_the_others(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """It is accepted after its time under the number that it has there."""
    caplog.clear()
    stage.edit("new")
    stage.look()
    assert stage.crew.holding() == [2, 1, 1]
    assert (stage.trial.version, stage.trial.mode) == (2, "canary")
    assert (stage.trial.worker, stage.trial.is_taken) == (_FIRST, True)
    stage.crew.ask(_FIRST, good=20)
    stage.look(TRIAL_SECONDS - 1)
    assert stage.crew.holding() == [2, 1, 1]
    stage.look(1)
    assert stage.crew.holding() == [2, 2, 2]
    told = stage.desk.told()
    assert (stage.live, told.version, told.trial) == ("new", 2, None)
    assert told.proven is not None
    assert (told.proven.version, told.proven.digest) == (2, told.digest)
    assert stage.publisher.next_look == math.inf
    lines = "\n".join(caplog.messages)
    assert "version 2 is for one worker at first" in lines
    assert "version 2 is on trial for 30 s in worker 101 alone" in lines
    assert "has passed its trial" in lines
    assert "version 2 is live for all workers" in lines


def test_next_one_has_the_number_that_all_get_too(stage: Stage) -> None:
    """However many there were before, accepted or not."""
    for message in ("two", "bad", "three", "four"):
        stage.edit(message)
        stage.look()
        version = max(stage.crew.holding())
        if message == "bad":
            stage.crew.ask(_FIRST, bad=_ENOUGH)
            stage.look()
            assert stage.live == "two"
        else:
            stage.look(TRIAL_SECONDS)
            assert (stage.desk.config.version, stage.live) == (version, message)


def test_what_fails_in_the_one_is_taken_back(stage: Stage) -> None:
    """All have the proven config again, as a version that nobody has had."""
    stage.edit("bad")
    stage.look()
    stage.crew.ask(_FIRST, bad=_ENOUGH)
    stage.look()
    told = stage.desk.told()
    assert (stage.live, stage.crew.holding()) == ("good", [4, 4, 4])
    assert (told.version, told.trial) == (4, None)
    assert told.withdrawn is not None
    assert told.withdrawn.version == 2
    assert told.proven is not None
    assert told.proven.version == 4
    assert stage.is_over


def test_callback_that_fails_in_the_one_is_enough(stage: Stage) -> None:
    """There is no second worker in which it could."""
    stage.edit("bad")
    stage.look()
    stage.crew.raise_in_callback(_FIRST, 2)
    stage.look()
    assert (stage.live, stage.is_over) == ("good", True)


def test_time_begins_when_the_worker_has_it(stage: Stage) -> None:
    """A worker that is busy for a while is waited for."""
    stage.edit("new")
    stage.look(TRIAL_SECONDS - 1, _FIRST)
    assert not stage.trial.is_taken
    stage.look()
    assert stage.trial.is_taken
    stage.look(TRIAL_SECONDS - 1)
    assert stage.live == "good"
    stage.look(1)
    assert stage.live == "new"


def test_worker_that_does_not_take_it_is_replaced_once(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """After a second one that does not either, it is accepted without a request."""
    stage.edit("new")
    standing = (_FIRST, _SECOND)
    stage.look(TRIAL_SECONDS, *standing)
    assert (stage.trial.worker, stage.trial.shunned) == (_SECOND, _FIRST)
    stage.look(TRIAL_SECONDS - 1, *standing)
    assert stage.live == "good"
    stage.look(1, *standing)
    assert (stage.live, stage.is_over) == ("new", True)
    assert any("accepted without a request" in text for text in caplog.messages)


def test_trial_without_a_request_is_passed(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """A service that nobody uses gets its changes too."""
    stage.edit("new")
    stage.look()
    stage.look(TRIAL_SECONDS)
    assert stage.live == "new"
    assert any("accepted without a request" in text for text in caplog.messages)


def test_worker_that_was_asked_to_end_is_replaced(stage: Stage) -> None:
    """That is no death, however many there are, and the time goes on."""
    stage.edit("new")
    stage.look()
    deadline = stage.trial.deadline
    for pid in (201, 202, 203):
        stage.crew.end(stage.trial.worker)
        # The row is that of another process at once, which has what all have.
        stage.crew.start(pid)
        stage.look(1)
        assert sorted(stage.crew.holding()) == [1, 1, 2]
    assert stage.trial.deadline == deadline
    stage.look(TRIAL_SECONDS)
    assert stage.live == "new"


def test_worker_that_died_is_replaced_once(stage: Stage) -> None:
    """One death may be bad luck, and two are not: nothing fails for anybody else."""
    stage.edit("bad")
    stage.look()
    stage.crew.end(_FIRST, is_death=True)
    stage.look(20)
    assert stage.trial.worker == _SECOND
    stage.look()
    assert stage.trial.deadline == stage.clock.now + TRIAL_SECONDS
    assert stage.crew.holding() == [2, 1]
    stage.crew.end(_SECOND, is_death=True)
    stage.look()
    assert (stage.live, stage.crew.holding()) == ("good", [4])
    withdrawn = stage.desk.told().withdrawn
    assert withdrawn is not None
    assert "2 workers died" in withdrawn.reason


def test_worker_that_broke_down_is_enough(stage: Stage) -> None:
    """Where none did before, no other worker is put at risk."""
    stage.edit("bad")
    stage.look()
    stage.crew.end(_FIRST, is_breakdown=True)
    stage.look()
    assert (stage.live, stage.crew.holding()) == ("good", [4, 4])
    withdrawn = stage.desk.told().withdrawn
    assert withdrawn is not None
    assert "1 worker died" in withdrawn.reason


def test_worker_that_broke_down_as_others_before_is_replaced(stage: Stage) -> None:
    """Where workers break down now and then, one more proves nothing."""
    stage.crew.end(_THIRD, is_breakdown=True)
    stage.edit("new")
    stage.look()
    stage.crew.end(_FIRST, is_breakdown=True)
    stage.look()
    assert stage.trial.worker == _SECOND


def test_one_death_alone_condemns_nothing(stage: Stage) -> None:
    """The other one that tries it lives, so all get it."""
    stage.edit("new")
    stage.look()
    stage.crew.end(_FIRST, is_death=True)
    stage.look()
    stage.look()
    stage.look(TRIAL_SECONDS)
    assert stage.live == "new"


def test_worker_is_waited_for(stage: Stage) -> None:
    """Where none serves what all have, the first that does tries it."""
    for pid in (_FIRST, _SECOND, _THIRD):
        stage.crew.end(pid)
    stage.edit("new")
    stage.look(1)
    assert (stage.trial.worker, stage.live) == (0, "good")
    stage.crew.start(_FIRST)
    stage.look(1)
    stage.look()
    assert (stage.trial.worker, stage.crew.holding()) == (_FIRST, [2])


def test_second_change_in_a_trial_replaces_the_first(stage: Stage) -> None:
    """The same worker tries it; what is gone back to is what was proven."""
    stage.edit("one")
    stage.look()
    stage.look(20)
    stage.edit("two")
    stage.look()
    assert (stage.trial.worker, stage.crew.holding()) == (_FIRST, [3, 1, 1])
    stage.look(20)
    assert stage.live == "good"
    stage.crew.ask(_FIRST, bad=_ENOUGH)
    stage.look()
    assert stage.live == "good"
    assert stage.crew.holding() == [4, 4, 4]


def test_second_change_in_a_trial_is_accepted(stage: Stage) -> None:
    """All get it under the next number, as its own has the slot of what they have."""
    stage.edit("one")
    stage.look()
    stage.edit("two")
    stage.look()
    stage.crew.ask(_FIRST, good=7)
    stage.look(TRIAL_SECONDS)
    told = stage.desk.told()
    assert (stage.live, stage.crew.holding()) == ("two", [4, 4, 4])
    assert told.proven is not None
    assert (told.version, told.proven.version) == (4, 4)
    assert told.proven.before.requests == 7
    # From here on one number is enough again.
    stage.edit("three")
    stage.look()
    stage.look(TRIAL_SECONDS)
    assert (stage.live, stage.desk.config.version) == ("three", 5)


def test_change_that_its_author_takes_back_is_over(stage: Stage) -> None:
    """What is proven needs no trial, and the canary goes back to it."""
    stage.edit("one")
    stage.look()
    stage.edit("good")
    stage.look()
    assert (stage.live, stage.is_over) == ("good", True)
    assert stage.crew.holding() == [4, 4, 4]


@pytest.mark.parametrize("place", ["begin", "_begin"])
def test_successor_goes_on_with_what_is_offered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A publisher that dies right after its offer leaves nothing unjudged."""
    with monkeypatch.context() as patched:
        patched.setattr(trials.Trials, place, _die)
        with pytest.raises(_DeathError):
            stage.edit("new")
    stage.crew.follow()
    stage.succeed()
    assert (stage.trial.version, stage.trial.worker) == (2, _FIRST)
    assert stage.desk.config.version == 1
    stage.look()
    assert stage.crew.holding() == [2, 1, 1]
    stage.look(TRIAL_SECONDS)
    assert (stage.live, stage.crew.holding()) == ("new", [2, 2, 2])


def test_successor_has_the_counts_and_the_deadline(stage: Stage) -> None:
    """Killed in the middle, it is as if one publisher had gone on."""
    stage.edit("bad")
    stage.look()
    stage.crew.ask(_FIRST, bad=10)
    stage.look(1)
    trial = stage.trial
    stage.succeed()
    assert stage.trial == trial
    stage.crew.ask(_FIRST, bad=_ENOUGH - 10)
    stage.look()
    assert (stage.live, stage.is_over) == ("good", True)


def test_offer_that_was_not_made_is_made_by_the_successor(stage: Stage) -> None:
    """A publisher that dies between the two stores has published, but for nobody."""
    shared = stage.desk.shared
    stage.edit("new")
    overwrite(shared.candidate.descriptor, _OFFER_BYTE, (1).to_bytes(8, "little"))
    stage.succeed()
    stage.look()
    assert shared.candidate.is_offered(1)
    assert max(stage.crew.holding()) == stage.trial.version == 2


@pytest.mark.parametrize(
    ("ends", "class_", "step"),
    [
        ("accepted", releases.Releases, "_end_offer"),
        ("accepted", releases.Releases, "prove"),
        ("taken back", releases.Releases, "_end_offer"),
        ("taken back", trials.Trials, "_go_back"),
        ("taken back", trials.Trials, "_as_now_live"),
    ],
)
def test_successor_completes_what_was_decided(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    ends: str,
    class_: type,
    step: str,
) -> None:
    """A publisher that dies before the canary knows leaves it where it may be."""
    stage.edit("new")
    stage.look()
    with monkeypatch.context() as patched:
        patched.setattr(class_, step, _die)
        if ends == "taken back":
            stage.crew.ask(_FIRST, bad=_ENOUGH)
        with pytest.raises(_DeathError):
            stage.look(TRIAL_SECONDS if ends == "accepted" else 0)
    stage.succeed()
    # Whoever sleeps is woken; the one that tried it finds out by itself.
    stage.look()
    stage.look(TRIAL_SECONDS)
    told = stage.desk.told()
    assert stage.is_over
    assert stage.live == ("new" if ends == "accepted" else "good")
    assert set(stage.crew.holding()) == {told.version} == {stage.desk.config.version}
    assert (told.withdrawn is None) == (ends == "accepted")
    assert not [text for text in caplog.messages if "cannot be read" in text]


@pytest.mark.parametrize(
    ("name", "start", "size"),
    [
        ("candidate", 64, 8),
        ("candidate", _OFFER_BYTE, 8),
        ("candidate", 4096, 100_000),
        ("candidate", 64, 100_000),
        ("config", 64, 8),
        ("config", 4096, 100_000),
    ],
)
@pytest.mark.parametrize("has_died", [False, True], ids=["alive", "died"])
def test_damage_is_mended(
    stage: Stage, name: str, start: int, size: int, has_died: bool
) -> None:
    """Whatever is overwritten: nobody gets what is on trial but its worker."""
    stage.edit("new")
    stage.look()
    held = max(stage.crew.holding())
    record = getattr(stage.desk.shared, name)
    if has_died:
        stage.desk.dismiss()
    overwrite(record.descriptor, start, bytes(size))
    if has_died:
        stage.publisher = stage.desk.publisher()
    stage.publisher.refresh()
    shared = stage.desk.shared
    assert all(each.is_whole(0) for each in shared.records)
    if name == "config" and has_died:
        # Nobody knows what all have: it is on trial in all of them.
        assert shared.config.version > held
        return
    assert stage.live == "good"
    assert shared.candidate.offers(stage.trial.version)
    assert (stage.trial.version > held) or name == "candidate"
    stage.look()
    stage.look(TRIAL_SECONDS)
    assert stage.live == "new"
    assert stage.desk.config.version >= held


def test_damage_without_a_trial_is_mended(stage: Stage) -> None:
    """The record is of no use then, and whole all the same."""
    stage.edit("new")
    stage.look()
    stage.look(TRIAL_SECONDS)
    candidate, version = stage.desk.shared.candidate, stage.desk.config.version
    overwrite(candidate.descriptor, 4096, bytes(100_000))
    stage.publisher.refresh()
    assert candidate.is_whole(0)
    assert stage.desk.config.version == version
    assert stage.is_over


@pytest.mark.parametrize("mode", ["watch", "off"])
def test_reload_with_another_mode_ends_well(stage: Stage, mode: str) -> None:
    """What one has is tried on, or is for all at once where nothing is tried."""
    stage.edit("new")
    stage.look()
    stage.desk.settings = replace(stage.desk.settings, trial=mode)
    stage.succeed()
    if mode == "watch":
        assert stage.crew.holding() == [2, 1, 1]
        stage.look(TRIAL_SECONDS)
    stage.crew.follow()
    assert (stage.live, stage.is_over) == ("new", True)
    assert stage.crew.holding() == [2, 2, 2]


def test_reload_begins_a_trial_anew(stage: Stage) -> None:
    """The workers with the code of before end, and one that comes after them tries."""
    stage.edit("new")
    stage.look()
    stage.crew.ask(_FIRST, bad=10)
    stage.succeed()
    stage.publisher.renew(is_awaited=True)
    for number, pid in enumerate((_FIRST, _SECOND, _THIRD)):
        stage.crew.start(200 + number)
        stage.crew.end(pid)
        stage.look(1)
    stage.look()
    assert stage.trial.worker in {200, 201, 202}
    assert stage.trial.start.failures == 10
    stage.look(TRIAL_SECONDS)
    assert stage.live == "new"


def test_nothing_is_written_to_the_record_without_canaries(
    desk: Desk, clock: Clock
) -> None:
    """Its memory is taken only as it is filled."""
    stage = Stage(desk, clock)
    desk.settings = replace(desk.settings, trial="watch")
    stage.publisher = desk.publisher()
    for message in ("one", "two", "three"):
        stage.edit(message)
        stage.look(TRIAL_SECONDS)
    assert desk.shared.candidate.version == 0
