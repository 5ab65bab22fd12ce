"""What is on trial in one worker: who takes it, and how that worker comes back."""

from __future__ import annotations

import dis
import os
from collections.abc import Iterator

import pytest

from liveconfig.errors import CorruptRecordError
from liveconfig.memory.candidate import Candidate
from liveconfig.worker import manager as manager_module
from liveconfig.worker import turns
from liveconfig.worker.manager import ConfigManager, refresh_all
from tests.support.damage import overwrite
from tests.support.world import Greeting, World

_OFFER_BYTE = 128
_OTHER = 1


@pytest.fixture(autouse=True)
def _first_try_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody mends a record here, so nobody waits for that."""
    monkeypatch.setattr(manager_module, "_FIRST_TRIES_MAX", 0)


@pytest.fixture
def world() -> Iterator[World]:
    """Shared memory with version 1, and a row for this process."""
    world = World()
    world.publish("one")
    world.shared.workers.give_out("worker")
    world.shared.workers.enter("worker")
    yield world
    world.close()


@pytest.fixture
def greetings(world: World) -> ConfigManager[Greeting]:
    """A manager that holds version 1."""
    manager = ConfigManager(Greeting)
    assert manager.get() == Greeting("one")
    return manager


def _held(manager: ConfigManager[Greeting]) -> tuple[int, str]:
    """Return what a request gets."""
    return manager.snapshot().version, manager.get().message


def test_addressed_worker_takes_what_is_offered(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """It takes it as soon as it is notified, and its row says so."""
    world.offer("two", os.getpid())
    refresh_all()
    assert _held(greetings) == (2, "two")
    assert world.versions() == [2]
    assert world.shared.config.version == 1


def test_worker_that_tries_it_compares_one_word_as_all_do(
    world: World,
    greetings: ConfigManager[Greeting],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No request of it pays more while the trial lasts."""
    world.offer("two", os.getpid())
    refresh_all()
    with monkeypatch.context() as patched:
        patched.delattr(ConfigManager, "_refresh")
        assert greetings.get() == Greeting("two")


@pytest.mark.parametrize("addressee", [0, _OTHER])
def test_worker_that_is_not_addressed_keeps_what_it_has(
    world: World, greetings: ConfigManager[Greeting], addressee: int
) -> None:
    """Neither a notification nor a request brings the candidate to it."""
    world.offer("two", addressee)
    refresh_all()
    assert _held(greetings) == (1, "one")
    assert greetings.stale_since is None
    assert _held(ConfigManager(Greeting)) == (1, "one")


def test_process_without_a_row_takes_no_candidate(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """What a worker forks has its number no more, but a reused one may be addressed."""
    world.shared.workers.own = None
    world.offer("two", os.getpid())
    refresh_all()
    assert _held(greetings) == (1, "one")


def test_later_manager_of_the_addressed_worker_takes_it_too(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """One process serves one version."""
    world.offer("two", os.getpid())
    assert _held(ConfigManager(Greeting)) == (2, "two")


def test_request_finds_out_that_the_candidate_is_taken_back(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """Nobody needs to notify the worker: the next `get` goes back."""
    world.offer("two", os.getpid())
    refresh_all()
    assert world.publish("one", above=2) == 4
    # The publisher may die here; nobody is worse off than before.
    assert _held(greetings) == (2, "two")
    world.end_offer()
    assert greetings.get() == Greeting("one")
    assert _held(greetings) == (4, "one")
    assert world.versions() == [4]


def test_promoted_candidate_is_not_decoded_again(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """Its worker holds the very version that all others take."""
    world.offer("two", os.getpid())
    refresh_all()
    snapshot = greetings.snapshot()
    assert world.publish("two", above=1) == 2
    world.end_offer()
    refresh_all()
    assert greetings.snapshot() is snapshot
    world.publish("three")
    assert greetings.get() == Greeting("three")


def test_publication_after_a_trial_is_seen_by_who_was_not_notified(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """The word that it compares with goes on with each version that all get."""
    world.offer("two", os.getpid())
    refresh_all()
    world.publish("two", above=1)
    world.publish("three")
    world.end_offer()
    assert greetings.get() == Greeting("three")


def test_next_candidate_replaces_the_one_before(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """The worker that has the first takes the second by its next request."""
    world.offer("two", os.getpid())
    refresh_all()
    assert world.offer("three", os.getpid()) == 3
    assert greetings.get() == Greeting("three")
    # In the slot that holds version 1, nothing may be written before all have another.
    assert world.publish("three", above=2) == 4
    world.end_offer()
    # From here on both records are in step again.
    version = world.offer("four", os.getpid())
    assert version == world.publish("four", above=version - 1) == 5


def test_who_has_taken_it_keeps_it_when_another_is_addressed(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """One that was slow may take it at that moment; it never goes to an older one."""
    version = world.offer("two", os.getpid())
    refresh_all()
    world._candidate.address(_OTHER)
    refresh_all()
    assert _held(greetings) == (version, "two")
    assert greetings.stale_since is None
    world.publish("one", above=version)
    world.end_offer()
    assert greetings.get() == Greeting("one")


def test_damaged_record_of_all_brings_nobody_to_the_candidate(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """A head of zeros makes the offer newer than anything, and still for one alone."""
    world.offer("two", _OTHER)
    overwrite(world.shared.config.descriptor, 64, bytes(8))
    refresh_all()
    assert greetings.snapshot().config == Greeting("one")
    with pytest.raises(CorruptRecordError):
        world.shared.config.read(1)


def test_damaged_offer_leaves_the_worker_what_it_has(
    world: World, greetings: ConfigManager[Greeting]
) -> None:
    """It is stale until the offer is mended, and never goes to an older version."""
    version = world.offer("two", os.getpid())
    refresh_all()
    overwrite(world.shared.candidate.descriptor, _OFFER_BYTE, bytes(8))
    assert greetings.get() == Greeting("two")
    assert greetings.stale_since is not None
    overwrite(
        world.shared.candidate.descriptor, _OFFER_BYTE, version.to_bytes(8, "little")
    )
    assert greetings.get() == Greeting("two")


def test_large_candidate_is_left_to_the_follower(
    world: World,
    greetings: ConfigManager[Greeting],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No request waits for the decoding of a large config, in this worker either."""
    monkeypatch.setattr(turns, "LARGE_BYTES", 300)
    monkeypatch.setattr(turns, "_is_followed", True)
    monkeypatch.setattr(turns, "_left", (0, 0.0))
    world.offer("two", os.getpid())
    refresh_all()
    world.offer("x" * 400, os.getpid())
    assert greetings.get() == Greeting("two")
    refresh_all()
    assert greetings.get() == Greeting("x" * 400)


def test_get_compares_one_word_and_returns() -> None:
    """A trial adds nothing to what a request pays."""
    code = list(dis.get_instructions(ConfigManager.get))
    names = [each.argval for each in code if each.opname.startswith("LOAD_ATTR")]
    assert names[:3] == ["_head", "_version", "_config"]
    returns = next(n for n, each in enumerate(code) if each.opname == "RETURN_VALUE")
    assert not [each for each in code[:returns] if "CALL" in each.opname]


def test_record_is_attached_by_its_descriptor(world: World) -> None:
    """Who attaches sees the offer, and to whom it is made."""
    world.offer("two", _OTHER)
    attached = Candidate(os.dup(world.shared.candidate.descriptor))
    assert attached.addressee == _OTHER
    assert attached.is_offered(1)
    assert not attached.is_offered(2)
    attached.close()
