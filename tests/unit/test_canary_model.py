"""A config that one worker tries: edits, ends and deaths in any order."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from liveconfig.publishing import trials
from liveconfig.publishing.releases import Releases
from liveconfig.publishing.trials import Trials
from liveconfig.schema.schema import Schema
from tests.support.clock import Clock
from tests.support.crew import FIRST_WORKERS, TRIAL_SECONDS, Stage
from tests.support.desk import Desk, Greeting

_HARMFUL = ("bad", "worse")
_MESSAGES = ("good", "better", *_HARMFUL)
# Where a publisher may die on its way.
_STEPS = (
    (Trials, "begin"),
    (Trials, "_begin"),
    (Trials, "prove"),
    (Trials, "_go_back"),
    (Trials, "_as_now_live"),
    (Releases, "offer"),
    (Releases, "address"),
    (Releases, "promote"),
    (Releases, "_end_offer"),
    (Releases, "prove"),
)


class _DeathError(Exception):
    """Stands for the end of a publisher."""


class Story(RuleBasedStateMachine):
    """One service with three workers, which end, die and are replaced."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        clock = Clock()
        self._patch = mock.patch.object(trials, "time", clock)
        self._patch.start()
        directory = Path(self._folder.name)
        desk = Desk(directory)
        desk.settings = replace(desk.settings, cache_dir=str(directory / "cache"))
        self._stage = Stage(desk, clock)
        for pid in FIRST_WORKERS:
            self._stage.crew.start(pid)
        self._stage.prove("first")
        self._next_pid = 200
        self._newest = 0
        self._held: dict[int, int] = {}

    @rule(message=st.sampled_from(_MESSAGES))
    def edit(self, message: str) -> None:
        """Somebody edits the source."""
        self._stage.edit(message)

    @rule(seconds=st.sampled_from([0.05, 1.0, 29.0, 61.0]), stands=st.booleans())
    def look(self, seconds: float, *, stands: bool) -> None:
        """Time goes by, and the worker that tries a config may stand still."""
        trial = self._stage.desk.told().trial
        standing = [trial.worker] if trial and stands else []
        self._stage.look(seconds, *standing)

    @rule(seconds=st.sampled_from([-7200.0, 3600.0]))
    def step_clock(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self._stage.clock.step(seconds)

    @rule(count=st.sampled_from([1, 50]))
    def ask(self, count: int) -> None:
        """Requests come to all, and fail in those that have what is harmful."""
        self._stage.crew.follow()
        tried = self._stage.desk.told().trial
        for row in self._stage.desk.shared.workers.rows():
            has_it = tried is not None and tried.version == row.version
            message = self._tried() if has_it else self._stage.live
            is_bad = message in _HARMFUL
            good, bad = (0, count) if is_bad else (count, 0)
            self._stage.crew.ask(row.pid, good=good, bad=bad)

    @rule(
        end=st.sampled_from(["asked", "killed", "broken"]),
        number=st.sampled_from([0, 0, 1, 2]),
    )
    def end_worker(self, end: str, number: int) -> None:
        """A worker ends, and another process has its row."""
        pid = self._stage.desk.shared.workers.rows()[number].pid
        crew = self._stage.crew
        crew.end(pid, is_death=end == "killed", is_breakdown=end == "broken")
        crew.start(self._next_pid)
        self._next_pid += 1

    @rule()
    def kill(self) -> None:
        """The publisher dies between two steps, and another one looks."""
        self._stage.succeed()

    @rule(step=st.sampled_from(_STEPS), message=st.sampled_from(_MESSAGES))
    def die(self, step: tuple[type, str], message: str) -> None:
        """The publisher dies in the midst of one."""
        self.ask(50)
        dies = mock.patch.object(*step, side_effect=_DeathError)
        with dies, suppress(_DeathError):
            self._stage.look(1.0)
            self._stage.edit(message)
        self._stage.crew.follow()
        self._stage.succeed()

    @rule(is_awaited=st.booleans())
    def reload(self, *, is_awaited: bool) -> None:
        """HUP: the code may be another one, and all workers are."""
        self._stage.publisher = self._stage.desk.publisher()
        self._stage.publisher.renew(is_awaited=is_awaited)
        for _ in FIRST_WORKERS:
            self.end_worker("asked", 0)
        self._stage.look(1.0)

    @rule()
    def wait(self) -> None:
        """A trial ends, in whichever way, when all workers are well."""
        self._stage.look()
        for _ in range(4):
            self._stage.look(TRIAL_SECONDS)
        assert self._stage.is_over
        versions = {self._stage.desk.config.version}
        assert {*self._stage.crew.holding()} == versions

    @invariant()
    def one_worker_alone_tries_it(self) -> None:
        """What is not proven, no more than one worker has."""
        self._stage.crew.follow()
        newest = self._stage.desk.config.version
        ahead = [each for each in self._stage.crew.holding() if each > newest]
        assert len(ahead) <= 1
        told = self._stage.desk.told()
        assert told.proven is not None
        assert self._digest(self._stage.live) == told.proven.digest
        assert told.proven.version == newest

    @invariant()
    def versions_grow(self) -> None:
        """No version falls, for all as for each worker."""
        version = self._stage.desk.config.version
        assert version >= self._newest
        self._newest = version
        rows = self._stage.desk.shared.workers.rows()
        held = {each.pid: each.version for each in rows}
        assert all(held[pid] >= self._held.get(pid, 0) for pid in held)
        self._held = held

    @invariant()
    def status_says_what_is(self) -> None:
        """What was published last is on trial in one worker, or proven."""
        told = self._stage.desk.told()
        candidate = self._stage.desk.shared.candidate
        newest = self._stage.desk.config.version
        assert told.is_tried_by_one == candidate.is_offered(newest)
        if told.trial is not None:
            assert told.trial.version == candidate.offer[0] == told.version
            assert told.trial.digest == self._digest(self._tried()) == told.digest
        else:
            assert told.version == newest
        # Nothing is condemned and served.
        assert not told.serves_condemned

    def _tried(self) -> str:
        publication = self._stage.desk.shared.candidate.read()
        assert publication is not None
        message: str = Schema(Greeting).unpack(publication.payload)[1].message
        return message

    def _digest(self, message: str) -> str:
        return Schema(Greeting).pack(Greeting(message)).digest

    def teardown(self) -> None:
        """Free everything."""
        self._stage.crew.close()
        self._stage.desk.close()
        self._patch.stop()
        self._folder.cleanup()


TestStory = Story.TestCase
TestStory.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True
)
