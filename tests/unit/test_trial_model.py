"""Edits, requests, deaths, reloads and restarts in any order, against a model."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from liveconfig.publishing import trials
from liveconfig.publishing.trials import Trials
from liveconfig.schema.schema import Schema
from tests.support.clock import Clock
from tests.support.desk import Desk, Greeting
from tests.support.service import TRIAL_SECONDS, Service

_HARMFUL = ("bad", "worse")
_MESSAGES = ("good", "better", *_HARMFUL)
# Where a publisher may die on its way.
_STEPS = ("begin", "prove", "_go_back", "_as_now_live", "settle")


class _DeathError(Exception):
    """Stands for the end of a publisher."""


class Story(RuleBasedStateMachine):
    """One pod: its container may start again, its disk stays."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._clock = Clock()
        self._patch = mock.patch.object(trials, "time", self._clock)
        self._patch.start()
        directory = Path(self._folder.name)
        desk = Desk(directory)
        desk.settings = replace(desk.settings, cache_dir=str(directory / "cache"))
        self._service = Service(desk, self._clock)
        self._service.edit("first")
        # What was taken back, and is not to be served again.
        self._gone: set[str] = set()
        self._newest = 0

    def _act(self, act: object, *arguments: object) -> None:
        """Do something, and find out what of it was taken back meanwhile."""
        before = self._service.live
        assert callable(act)
        act(*arguments)
        told = self._service.desk.told()
        if told.condemned and self._service.live != before:
            digests = {each.digest for each in told.condemned}
            if _digest(before) in digests:
                self._gone.add(before)

    @rule(message=st.sampled_from(_MESSAGES), layout=st.sampled_from(["{}", "'{}'"]))
    def edit(self, message: str, layout: str) -> None:
        """Somebody edits the source."""
        self._service.edit(message, layout=f"message: {layout}\n")

    @rule(message=st.sampled_from(_HARMFUL))
    def harm(self, message: str) -> None:
        """A harmful config is served for a moment, unless it was before."""
        self._service.edit(message)
        self.ask(50)
        self.look(0.05)

    @rule(count=st.sampled_from([1, 10, 50]))
    def ask(self, count: int) -> None:
        """Requests come, which fail with what is harmful."""
        is_bad = self._service.live in _HARMFUL
        self._service.ask(good=0 if is_bad else count, bad=count if is_bad else 0)

    @rule(seconds=st.sampled_from([0.05, 1.0, 29.0, 61.0]))
    def look(self, seconds: float) -> None:
        """Time goes by."""
        self._act(self._service.look, seconds)

    @rule(seconds=st.sampled_from([-7200.0, 3600.0]))
    def step_clock(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self._clock.step(seconds)

    @rule()
    def kill(self) -> None:
        """The publisher dies between two steps, and another one looks."""
        self._act(self._kill)

    def _kill(self) -> None:
        self._service.kill()
        self._service.publisher.refresh()

    @rule(step=st.sampled_from(_STEPS), message=st.sampled_from(_MESSAGES))
    def die(self, step: str, message: str) -> None:
        """The publisher dies in the midst of one."""

        self.ask(50)

        def live_through() -> None:
            dies = mock.patch.object(Trials, step, side_effect=_DeathError)
            with dies, suppress(_DeathError):
                self._service.look(1.0)
                self._service.edit(message)
            self._kill()

        self._act(live_through)

    @rule()
    def reload(self) -> None:
        """HUP: the code may be another one."""
        self._service.kill()
        self._service.publisher.renew(is_awaited=False)
        self._gone.clear()
        self._service.look(0.05)

    @rule(in_order=st.booleans())
    def restart(self, in_order: bool) -> None:
        """The container starts again."""
        if in_order:
            self._service.publisher.close()
        before = self._service
        self._service = before.restart()
        before.desk.close()
        self._newest = 0

    @precondition(lambda self: self._service.desk.told().trial is not None)
    @rule()
    def wait(self) -> None:
        """A trial ends, in whichever way, when its time is over."""
        self._act(self._service.look, TRIAL_SECONDS)
        assert self._service.desk.told().trial is None

    @invariant()
    def nothing_comes_back(self) -> None:
        """What was taken back is not served again, if there is anything else."""
        is_gone = self._service.live in self._gone
        assert not is_gone or self._service.desk.told().serves_condemned

    @invariant()
    def versions_grow(self) -> None:
        """No version comes twice, none falls."""
        version = self._service.desk.config.version
        assert version >= self._newest
        self._newest = version

    @invariant()
    def status_says_what_is(self) -> None:
        """What is live is on trial, proven, or condemned and the only one there is."""
        told = self._service.desk.told()
        assert told.version == self._service.desk.config.version
        is_on_trial = told.trial is not None and told.trial.digest == told.digest
        is_proven = told.proven is not None and told.proven.digest == told.digest
        assert is_on_trial + is_proven + told.serves_condemned == 1
        assert not told.serves_condemned or told.proven is None
        if told.proven is not None and told.proven.version == told.version:
            assert is_proven

    @invariant()
    def cache_holds_what_is_proven(self) -> None:
        """A start without a good source serves nothing that was not proven."""
        payload, problems = self._service.desk.cache().load()
        proven = self._service.desk.told().proven
        assert not problems
        if payload is not None:
            assert proven is not None
            assert proven.origin != "source" or _digest_of(payload) == proven.digest

    def teardown(self) -> None:
        """Free everything."""
        self._service.desk.close()
        self._patch.stop()
        self._folder.cleanup()


def _digest_of(payload: bytes) -> str:
    return f"sha256:{payload[:32].hex()}"


def _digest(message: str) -> str:
    return Schema(Greeting).pack(Greeting(message)).digest


TestStory = Story.TestCase
TestStory.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True
)
