"""The checks of the matrix find what they are there to find."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable

import psutil
import pytest

from tests.faults.orphans import adopted, left_over
from tests.faults.rules import FROM_ITS_END, IN_HAND, NONE, Rule
from tests.faults.stage import Scene, Stage
from tests.support import eventually as waiting
from tests.support.eventually import eventually
from tests.support.load import Load, Outcome, Problem

_REFUSED, _BROKEN, _WRONG = Outcome.REFUSED, Outcome.BROKEN, Outcome.WRONG


class Seen(Load):
    """A load that has seen what the test says."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.failures = [Problem(outcome, 0, outcome.value) for outcome in outcomes]


@pytest.mark.parametrize(
    ("rule", "blows", "outcomes", "is_kept"),
    [
        (NONE, 1, [], True),
        (NONE, 1, [_BROKEN], False),
        (NONE, 1, [_REFUSED], False),
        (NONE, 1, [_WRONG], False),
        (IN_HAND, 2, [_BROKEN, _BROKEN], True),
        (IN_HAND, 1, [_BROKEN, _BROKEN], False),
        (IN_HAND, 1, [_REFUSED], False),
        (IN_HAND, 1, [_WRONG], False),
        (FROM_ITS_END, 1, [*[_BROKEN] * 3, *[_REFUSED] * 99], True),
        (FROM_ITS_END, 1, [_BROKEN] * 4, False),
        (FROM_ITS_END, 0, [_REFUSED], False),
        (FROM_ITS_END, 1, [_WRONG], False),
    ],
)
def test_rule_tells_what_may_fail(
    rule: Rule, blows: int, outcomes: list[Outcome], is_kept: bool
) -> None:
    """A rule allows so many of one kind for each blow, and nothing without a blow."""
    assert (rule.judge(Seen(*outcomes), blows, clients=3) == []) == is_kept


def test_orphan_is_found() -> None:
    """A process that left its parent, its session and its name is found, and ended."""
    code = "import os, time; os.fork() or (os.setsid(), os.fork() or time.sleep(60))"
    before = set(psutil.Process().children(recursive=True))
    with adopted():
        subprocess.run([sys.executable, "-c", code], check=True)
        (orphan,) = eventually(lambda: _followers(left_over(before)))
        eventually(lambda: orphan.ppid() == os.getpid())
    assert not orphan.is_running()


def _followers(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return those in somebody else's session: who makes one is about to end."""
    own = os.getsid(0)
    return [each for each in processes if os.getsid(each.pid) not in (own, each.pid)]


def _leave_a_file(stage: Stage) -> None:
    (stage.directory / "shm" / "left").touch()


def _leave_a_process(stage: Stage) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    subprocess.Popen(command).returncode = 0


def _serve_an_old_config(stage: Stage) -> None:
    stage.edits.newest = "what nobody has written"


def _break_a_request(stage: Stage) -> None:
    stage.load.failures.append(Problem(_BROKEN, 0, "a request in the hands of nobody"))


@pytest.mark.faults
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_leave_a_file, "'left'"),
        (_leave_a_process, "not within 3"),
        (_serve_an_old_config, "not within 3"),
        (_break_a_request, "1 connections were broken, 0 may be"),
    ],
)
def test_spoiled_server_does_not_pass(
    spoil: Callable[[Stage], None], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the three checks fails a server that is not as it must be."""
    # Nobody need wait for long for what will not come.
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 3.0)
    with pytest.raises(AssertionError, match=message):
        _finish(spoil)


def _finish(spoil: Callable[[Stage], None]) -> None:
    with Stage(Scene(), NONE) as stage:
        spoil(stage)
        stage.finish()
