"""What follows from each kind of event, without a process, a record or a clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from liveconfig.errors import (
    CorruptRecordError,
    InvalidConfigError,
    SourceUnavailableError,
)
from liveconfig.masking.names import ANY_NAMES
from liveconfig.memory import status as told
from liveconfig.memory.history import CHANGES_MAX, Entry, History
from liveconfig.memory.status import (
    Attempt,
    Problem,
    PublisherStatus,
    Reloads,
    TrialEnds,
)
from liveconfig.memory.trial import Figures, Proven, Trial, Withdrawn
from liveconfig.publishing import events
from liveconfig.publishing.events import Event, Keys
from liveconfig.publishing.lines import lines
from liveconfig.publishing.state import State, after
from liveconfig.schema.changes import Change
from liveconfig.sentences import of_config as sentences
from liveconfig.sentences.sentence import Sentence

_GONE = SourceUnavailableError("c.yaml", "it is not there")
_WRONG = InvalidConfigError("c.yaml", 2, 3, "a", "not a number")
_PROBLEM = Problem("c.yaml", 2, 3, "a", "not a number")
_REJECTED = told.Rejected("sha256:b", _PROBLEM, 20.0, 1)
_MISSING = told.Missing(str(_GONE), 20.0)
_CHANGED = Keys.of([("a",), ("b", "c")], ANY_NAMES.of_config)
_NONE = State(PublisherStatus(1, 1.0, "c.yaml", "shop:Config"))
_WAITING = replace(_NONE, is_waiting=True)


def _with(state: State, **changes: Any) -> State:
    status = msgspec.structs.replace(state.status, **changes)
    return replace(state, status=status)


# Version 3 is live, and was the first that the history knows.
_LIVE = replace(
    _with(
        _NONE,
        version=3,
        digest="sha256:3",
        published_at=10.0,
        changed_at=9.0,
        changed_keys=("x",),
        changed_count=1,
        restart_keys=("x",),
    ),
    history=History((Entry("published", 10.0, 3, "sha256:3"),)),
)
_PUBLISHED = events.Published(
    30.0,
    4,
    "sha256:4",
    "c.yaml",
    29.9,
    0.002,
    False,
    _CHANGED,
    (),
    Keys(("a",), 1, "a"),
)
_FELL_BACK = events.FellBack(30.0, 4, "sha256:4", "cache")
_TRIAL = Trial(3, "sha256:3", "watch", 10.0, 100.0, 130.0)
_TRIAL_OF_ONE = _TRIAL.with_values(mode="canary", seconds=30.0, worker=7)
_PROVEN = Proven(2, "sha256:2", 5.0, 50.0)
_HARMFUL = Withdrawn(3, "sha256:3", 20.0, "9 of 9 requests failed", Figures(9, 9))
_OTHER = Withdrawn(1, "sha256:1", 4.0, "2 workers died")
_ON_TRIAL = _with(_LIVE, trial=_TRIAL, proven=_PROVEN)
_WENT_BACK = events.WentBack(30.0, Proven(4, "sha256:2", 5.0, 120.0))

_UNKNOWN_CHANGE = {
    "changed_at": 0.0,
    "changed_keys": (),
    "changed_count": 0,
    "restart_keys": (),
}

# The state before, the event, what is different in the status then, and what is logged.
_ROWS: dict[str, tuple[State, Event, dict[str, Any], list[Sentence]]] = {
    "resumed": (_LIVE, events.Resumed(10.0, 3, "sha256:3"), {}, []),
    "resumed, not told yet": (
        _LIVE,
        events.Resumed(11.0, 4, "sha256:4"),
        {
            "version": 4,
            "digest": "sha256:4",
            "published_at": 11.0,
            "changed_at": 0.0,
            "changed_keys": (),
            "changed_count": 0,
            "restart_keys": (),
        },
        [sentences.RESUMED],
    ),
    "unreadable": (
        _LIVE,
        events.Unreadable(CorruptRecordError("damaged")),
        {"digest": ""},
        [sentences.UNREADABLE],
    ),
    "resumed on trial": (_ON_TRIAL, events.Resumed(10.0, 3, "sha256:3"), {}, []),
    "resumed after another master's mending": (
        _ON_TRIAL,
        events.Resumed(11.0, 4, "sha256:3"),
        {
            **_UNKNOWN_CHANGE,
            "version": 4,
            "published_at": 11.0,
            "trial": msgspec.structs.replace(_TRIAL, version=4),
        },
        [sentences.RESUMED],
    ),
    "resumed after going back": (
        _ON_TRIAL,
        events.Resumed(11.0, 4, "sha256:2"),
        {
            **_UNKNOWN_CHANGE,
            "version": 4,
            "digest": "sha256:2",
            "published_at": 11.0,
            "trial": None,
            "proven": msgspec.structs.replace(_PROVEN, version=4),
        },
        [sentences.RESUMED],
    ),
    "unreadable on trial": (
        _ON_TRIAL,
        events.Unreadable(CorruptRecordError("damaged")),
        {"digest": "", "trial": None},
        [sentences.UNREADABLE],
    ),
    "recalled": (
        _NONE,
        events.Recalled(_PROVEN, (_OTHER,)),
        {"proven": _PROVEN, "condemned": (_OTHER,)},
        [],
    ),
    "reloaded": (_LIVE, events.Reloaded(_PROVEN), {"proven": _PROVEN}, []),
    "begun": (_LIVE, events.Begun(_TRIAL), {"trial": _TRIAL}, [sentences.ON_TRIAL]),
    "begun, and to be published": (
        _with(_LIVE, version=2),
        events.Begun(_TRIAL),
        {"trial": _TRIAL},
        [],
    ),
    "published on trial": (
        _with(_LIVE, trial=msgspec.structs.replace(_TRIAL, version=4)),
        replace(_PUBLISHED, restart_keys=Keys()),
        {
            "version": 4,
            "digest": "sha256:4",
            "published_at": 30.0,
            "changed_at": 29.9,
            "changed_keys": ("a", "b.c"),
            "changed_count": 2,
            "restart_keys": (),
            "reloads": Reloads(published=1),
            "publish_buckets": (0, 1, *(0,) * 12),
            "publish_seconds": 0.002,
        },
        [sentences.LIVE, sentences.ON_TRIAL],
    ),
    "passed": (
        _with(_ON_TRIAL, condemned=(_HARMFUL, _OTHER)),
        events.Passed(Proven(3, "sha256:3", 30.0, 100.0), Figures(9, 1)),
        {
            "trial": None,
            "proven": Proven(3, "sha256:3", 30.0, 100.0),
            "condemned": (_OTHER,),
            "trial_ends": TrialEnds(proven=1),
        },
        [sentences.PROVEN],
    ),
    "passed in one worker, and live in all as another version": (
        _with(_LIVE, trial=_TRIAL_OF_ONE, proven=_PROVEN),
        events.Passed(Proven(4, "sha256:3", 30.0, 100.0), Figures()),
        {
            "trial": None,
            "version": 4,
            "proven": Proven(4, "sha256:3", 30.0, 100.0),
            "trial_ends": TrialEnds(proven=1),
        },
        [sentences.PROVEN, sentences.FOR_ALL],
    ),
    "passed without a trial of its own": (
        _ON_TRIAL,
        events.Passed(Proven(4, "sha256:2", 5.0, 100.0), Figures()),
        {"trial": None, "proven": Proven(4, "sha256:2", 5.0, 100.0)},
        [],
    ),
    "condemned": (
        _with(_ON_TRIAL, condemned=(_OTHER,)),
        events.Condemned(_HARMFUL, is_served=False),
        {
            "trial": None,
            "withdrawn": _HARMFUL,
            "condemned": (_OTHER, _HARMFUL),
            "trial_ends": TrialEnds(withdrawn=1),
        },
        [sentences.TAKEN_BACK],
    ),
    "condemned while the source holds another one that is": (
        _with(_ON_TRIAL, condemned=(_OTHER,), withdrawn=_OTHER),
        events.Condemned(_HARMFUL, is_served=False),
        {
            "trial": None,
            "condemned": (_OTHER, _HARMFUL),
            "trial_ends": TrialEnds(withdrawn=1),
        },
        [sentences.TAKEN_BACK],
    ),
    "condemned and served": (
        _with(_LIVE, trial=_TRIAL),
        events.Condemned(_HARMFUL, is_served=True),
        {
            "trial": None,
            "withdrawn": _HARMFUL,
            "condemned": (_HARMFUL,),
            "trial_ends": TrialEnds(withdrawn=1),
        },
        [sentences.SERVES_CONDEMNED],
    ),
    "went back": (
        _with(_LIVE, proven=_PROVEN, condemned=(_HARMFUL,)),
        _WENT_BACK,
        {
            **_UNKNOWN_CHANGE,
            "version": 4,
            "digest": "sha256:2",
            "published_at": 30.0,
            "proven": Proven(4, "sha256:2", 5.0, 120.0),
        },
        [sentences.WENT_BACK],
    ),
    "refused": (
        _with(_LIVE, rejected=_REJECTED),
        events.Refused(_HARMFUL),
        {"withdrawn": _HARMFUL, "rejected": None},
        [sentences.NOT_TRIED_AGAIN],
    ),
    "forgotten": (
        _with(_LIVE, withdrawn=_HARMFUL, condemned=(_HARMFUL,)),
        events.Forgotten(),
        {"withdrawn": None, "condemned": ()},
        [sentences.TRIED_AGAIN],
    ),
    "checked": (
        _LIVE,
        events.Checked(12.0, 5.0),
        {"checked_at": 12.0, "poll_seconds": 5.0},
        [],
    ),
    "attempted": (
        _LIVE,
        events.Attempted(Attempt("sha256:b", 2)),
        {"attempt": Attempt("sha256:b", 2)},
        [],
    ),
    "attempt over": (
        _with(_LIVE, attempt=Attempt("sha256:b", 2)),
        events.Attempted(None),
        {"attempt": None},
        [],
    ),
    "missing": (
        _with(_LIVE, rejected=_REJECTED, withdrawn=_OTHER),
        events.Missing(20.0, _GONE),
        {
            "missing": _MISSING,
            "rejected": None,
            "withdrawn": None,
            "reloads": Reloads(missing=1),
        },
        [sentences.MISSING],
    ),
    "missing still": (
        _with(_LIVE, missing=_MISSING),
        events.Missing(21.0, _GONE),
        {},
        [],
    ),
    "missing for another reason": (
        _with(_LIVE, missing=told.Missing("it is closed", 20.0)),
        events.Missing(21.0, _GONE),
        {"missing": _MISSING},
        [sentences.MISSING],
    ),
    "missing at the start": (
        _NONE,
        events.Missing(20.0, _GONE),
        {"missing": _MISSING, "reloads": Reloads(missing=1)},
        [],
    ),
    "missing while one waits": (
        _WAITING,
        events.Missing(20.0, _GONE),
        {"missing": _MISSING, "reloads": Reloads(missing=1)},
        [sentences.MISSING_AT_FIRST],
    ),
    "found": (_LIVE, events.Found(), {}, []),
    "found again": (
        _with(_LIVE, missing=_MISSING),
        events.Found(),
        {"missing": None},
        [sentences.BACK],
    ),
    "published": (
        _with(_LIVE, rejected=_REJECTED, withdrawn=_OTHER, origin="cache"),
        _PUBLISHED,
        {
            "withdrawn": None,
            "version": 4,
            "digest": "sha256:4",
            "published_at": 30.0,
            "changed_at": 29.9,
            "changed_keys": ("a", "b.c"),
            "changed_count": 2,
            "restart_keys": ("a",),
            "origin": "source",
            "rejected": None,
            "reloads": Reloads(published=1),
            "publish_buckets": (0, 1, *(0,) * 12),
            "publish_seconds": 0.002,
        },
        [sentences.LIVE, sentences.NEEDS_RESTART],
    ),
    "unchanged": (_LIVE, events.Unchanged(), {"reloads": Reloads(unchanged=1)}, []),
    "good again": (
        _with(_LIVE, rejected=_REJECTED, origin="cache"),
        events.Unchanged(),
        {"rejected": None, "origin": "source", "reloads": Reloads(unchanged=1)},
        [sentences.UNCHANGED],
    ),
    "good again after what was taken back": (
        _with(_LIVE, withdrawn=_OTHER, condemned=(_OTHER,)),
        events.Unchanged(),
        {"withdrawn": None, "reloads": Reloads(unchanged=1)},
        [],
    ),
    "unchanged, served and condemned": (
        _with(_LIVE, withdrawn=None, condemned=(_HARMFUL,)),
        events.Unchanged(),
        {"withdrawn": _HARMFUL, "reloads": Reloads(unchanged=1)},
        [],
    ),
    "unchanged, from the source as well": (
        _with(_LIVE, proven=Proven(3, "sha256:3", 5.0, 50.0, origin="defaults")),
        events.Unchanged(),
        {
            "proven": Proven(3, "sha256:3", 5.0, 50.0),
            "reloads": Reloads(unchanged=1),
        },
        [],
    ),
    "unknown keys": (
        _LIVE,
        events.UnknownKeys("c.yaml", _CHANGED),
        {"unknown_keys": ("a", "b.c"), "unknown_count": 2},
        [sentences.UNKNOWN_KEYS],
    ),
    "unknown keys again": (
        _with(_LIVE, unknown_keys=("a", "b.c"), unknown_count=2),
        events.UnknownKeys("c.yaml", _CHANGED),
        {},
        [],
    ),
    "unknown keys no more": (
        _with(_LIVE, unknown_keys=("a",), unknown_count=1),
        events.UnknownKeys("c.yaml", Keys()),
        {"unknown_keys": (), "unknown_count": 0},
        [],
    ),
    "doubtful": (
        _with(_LIVE, warnings=("one",)),
        events.Doubtful(("one", "two")),
        {"warnings": ("one", "two")},
        [sentences.ODD_VALUE],
    ),
    "rejected": (
        _LIVE,
        events.Rejected(20.0, "sha256:b", _WRONG),
        {"rejected": _REJECTED, "reloads": Reloads(rejected=1)},
        [sentences.REJECTED],
    ),
    "rejected after another was taken back": (
        _with(_LIVE, withdrawn=_OTHER),
        events.Rejected(20.0, "sha256:b", _WRONG),
        {
            "rejected": _REJECTED,
            "withdrawn": None,
            "reloads": Reloads(rejected=1),
        },
        [sentences.REJECTED],
    ),
    "rejected once more": (
        _with(_LIVE, rejected=_REJECTED),
        events.Rejected(21.0, "sha256:b", _WRONG),
        {"rejected": msgspec.structs.replace(_REJECTED, tries=2)},
        [],
    ),
    "rejected at the start": (
        _NONE,
        events.Rejected(20.0, "sha256:b", _WRONG),
        {"rejected": _REJECTED, "reloads": Reloads(rejected=1)},
        [],
    ),
    "rejected while one waits": (
        _WAITING,
        events.Rejected(20.0, "sha256:b", _WRONG),
        {"rejected": _REJECTED, "reloads": Reloads(rejected=1)},
        [sentences.REJECTED_AT_FIRST],
    ),
    "seen again": (
        _with(_LIVE, rejected=_REJECTED),
        events.SeenAgain("sha256:b"),
        {"rejected": msgspec.structs.replace(_REJECTED, tries=2)},
        [],
    ),
    "seen again, and good": (
        _with(_LIVE, rejected=_REJECTED),
        events.SeenAgain("sha256:3"),
        {},
        [],
    ),
    "fell back": (
        _NONE,
        _FELL_BACK,
        {
            "version": 4,
            "digest": "sha256:4",
            "published_at": 30.0,
            "origin": "cache",
        },
        [sentences.FELL_BACK],
    ),
    "cache unused": (
        _NONE,
        events.CacheUnused("newest: damaged"),
        {},
        [sentences.CACHE_UNUSED],
    ),
    "cache unfit": (_NONE, events.CacheUnfit(_WRONG), {}, [sentences.CACHE_UNFIT]),
    "no defaults": (_NONE, events.NoDefaults(_WRONG), {}, [sentences.NO_DEFAULTS]),
    "waiting": (_NONE, events.Waiting(), {}, [sentences.WAITS]),
    "published again": (
        _LIVE,
        events.PublishedAgain(30.0, 4),
        {
            "version": 4,
            "published_at": 30.0,
            "changed_at": 0.0,
            "changed_keys": (),
            "changed_count": 0,
            "restart_keys": (),
        },
        [sentences.PUBLISHED_AGAIN],
    ),
    "kept": (_LIVE, events.Kept(), {}, []),
    "kept again": (
        replace(_LIVE, unkept_because="full"),
        events.Kept(),
        {},
        [sentences.KEPT_AGAIN],
    ),
    "another worker tries it": (
        _with(_LIVE, trial=_TRIAL_OF_ONE),
        events.WentOn(_TRIAL_OF_ONE.with_values(worker=8)),
        {"trial": _TRIAL_OF_ONE.with_values(worker=8)},
        [sentences.ON_TRIAL_IN_ONE],
    ),
    "the worker that tries it has it": (
        _with(_LIVE, trial=_TRIAL_OF_ONE),
        events.WentOn(_TRIAL_OF_ONE.with_values(is_taken=True)),
        {"trial": _TRIAL_OF_ONE.with_values(is_taken=True)},
        [],
    ),
    "no worker tries it any more": (
        _with(_LIVE, trial=_TRIAL_OF_ONE),
        events.WentOn(_TRIAL_OF_ONE.with_values(worker=0)),
        {"trial": _TRIAL_OF_ONE.with_values(worker=0)},
        [],
    ),
    "not kept": (_LIVE, events.NotKept("full"), {}, [sentences.NOT_KEPT]),
    "not kept again": (
        replace(_LIVE, unkept_because="full"),
        events.NotKept("full"),
        {},
        [],
    ),
    "polling": (
        _LIVE,
        events.ModeChanged("polling", "no inotify"),
        {"mode": "polling", "mode_reason": "no inotify"},
        [sentences.POLLING],
    ),
    "inotify": (
        _with(_LIVE, mode="polling", mode_reason="no inotify"),
        events.ModeChanged("inotify", "inotify is back"),
        {"mode": "inotify", "mode_reason": ""},
        [sentences.SEEN_AT_ONCE],
    ),
}


@pytest.mark.parametrize("name", _ROWS)
def test_event_changes_the_status_and_is_logged(name: str) -> None:
    """Each kind of event changes what it is about, nothing else, and has its lines."""
    before, event, changes, logged = _ROWS[name]
    now = after(event, before)
    assert now.status == _with(before, **changes).status
    told = list(lines(event, before, now))
    assert [line.sentence for line in told] == logged
    assert all(line.sentence.line(*line.arguments) for line in told)


def test_each_kind_of_event_has_a_row() -> None:
    """No event can be added without a row that says what follows from it."""
    kinds = {type(event) for _, event, _, _ in _ROWS.values()}
    assert kinds == set(Event.__subclasses__())


@pytest.mark.parametrize(
    ("event", "entry"),
    [
        (
            _PUBLISHED,
            Entry(
                "published",
                30.0,
                4,
                "sha256:4",
                changed_at=29.9,
                duration_seconds=0.002,
                changed_count=2,
                restart_keys=("a",),
            ),
        ),
        (
            events.Rejected(20.0, "sha256:b", _WRONG, changed_at=19.0, seconds=0.5),
            Entry(
                "rejected",
                20.0,
                3,
                "sha256:b",
                changed_at=19.0,
                duration_seconds=0.5,
                error=_PROBLEM,
            ),
        ),
        (_FELL_BACK, Entry("published", 30.0, 4, "sha256:4", "cache")),
        (
            events.Resumed(11.0, 4, "sha256:4"),
            Entry("published", 11.0, 4, "sha256:4"),
        ),
        (events.PublishedAgain(30.0, 4), Entry("published", 30.0, 4, "sha256:3")),
        (_WENT_BACK, Entry("published", 30.0, 4, "sha256:2")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_publication_and_rejection_are_entered(event: Event, entry: Entry) -> None:
    """The history has one more entry for each, and keeps those of before."""
    history = after(event, _LIVE).history
    assert history.entries == (*_LIVE.history.entries, entry)


def test_nothing_else_is_entered() -> None:
    """Only what went live, what was first rejected, and ends of trials, are history."""
    entered = {
        name
        for name, (before, event, _, _) in _ROWS.items()
        if after(event, before).history != before.history
    }
    assert entered == {
        "resumed, not told yet",
        "published",
        "rejected",
        "rejected at the start",
        "rejected while one waits",
        "rejected after another was taken back",
        "resumed after another master's mending",
        "resumed after going back",
        "published on trial",
        "passed",
        "passed in one worker, and live in all as another version",
        "condemned",
        "condemned while the source holds another one that is",
        "condemned and served",
        "went back",
        "fell back",
        "published again",
    }


@pytest.mark.parametrize(
    ("event", "entry"),
    [
        (
            events.Passed(Proven(3, "sha256:3", 30.0, 100.0), Figures(9, 1)),
            Entry("proven", 30.0, 3, "sha256:3", reason="1 of 9 requests failed"),
        ),
        (
            events.Passed(Proven(3, "sha256:3", 30.0, 100.0), Figures()),
            Entry("proven", 30.0, 3, "sha256:3", reason="accepted without a request"),
        ),
        (
            events.Condemned(_HARMFUL, is_served=False),
            Entry(
                "withdrawn",
                _HARMFUL.since,
                _HARMFUL.version,
                _HARMFUL.digest,
                reason=_HARMFUL.reason,
            ),
        ),
    ],
    ids=["proven", "without a request", "withdrawn"],
)
def test_end_of_a_trial_is_entered(event: Event, entry: Entry) -> None:
    """The history says how each trial ended, with its figures."""
    history = after(event, _ON_TRIAL).history
    assert history.entries == (*_ON_TRIAL.history.entries, entry)


def test_reason_of_a_way_back_is_entered() -> None:
    """The history says why the version before does not last."""
    before = _with(_LIVE, proven=_PROVEN, condemned=(_HARMFUL,))
    assert after(_WENT_BACK, before).history.entries[-1].reason == _HARMFUL.reason


def test_condemned_ones_are_cut() -> None:
    """The newest 32 are not tried again, each of them once."""
    state = _LIVE
    for number in (*range(40), 39):
        harmful = Withdrawn(number, f"sha256:{number}", 0.0, "it failed")
        state = after(events.Condemned(harmful, is_served=False), state)
    versions = [each.version for each in state.status.condemned]
    assert versions == list(range(8, 40))


def test_trial_says_what_became_of_it() -> None:
    """The line of a trial that is over has its figures, or that there were none."""

    def text(figures: Figures) -> str:
        event = events.Passed(Proven(3, "sha256:3", 30.0, 100.0), figures)
        (line,) = lines(event, _ON_TRIAL, after(event, _ON_TRIAL))
        return line.sentence.line(*line.arguments)

    assert text(Figures(900, 2)).endswith(": 2 of 900 requests failed")
    assert text(Figures()).endswith(": accepted without a request")


def test_resumed_is_entered_where_the_history_was_lost() -> None:
    """A successor enters what is live, with where it came from, if it is not there."""
    before = replace(_with(_LIVE, origin="cache"), history=History())
    history = after(events.Resumed(10.0, 3, "sha256:3"), before).history
    assert history.entries == (Entry("published", 10.0, 3, "sha256:3", "cache"),)


@pytest.mark.parametrize("name", ["waiting", "kept again", "not kept"])
def test_what_the_process_alone_knows_is_kept(name: str) -> None:
    """What is not for others is in the state, so that a repetition is no line."""
    before, event, _, logged = _ROWS[name]
    once = after(event, before)
    assert once != before
    again = list(lines(event, once, after(event, once)))
    assert (again == []) is (name != "waiting")
    assert logged


def test_long_lists_are_cut() -> None:
    """Twenty keys are in a line, a hundred in the status, the first in the history."""
    keys = Keys.of([(f"k{n:03}",) for n in range(500)], ANY_NAMES.of_config)
    event = replace(_PUBLISHED, changed=keys, restart_keys=keys)
    now = after(event, _LIVE)
    assert (len(now.status.changed_keys), now.status.changed_count) == (100, 500)
    assert len(now.history.entries[-1].restart_keys) == CHANGES_MAX
    line, restart = lines(event, _LIVE, now)
    assert "k019 and 480 more, " in line.sentence.line(*line.arguments)
    assert "k019 and 480 more takes" in restart.sentence.line(*restart.arguments)


def test_first_version_has_no_changed_keys() -> None:
    """Where nothing is known of the version before, the line names no keys."""
    event = replace(_PUBLISHED, is_first=True, changed_at=0.0, restart_keys=Keys())
    (line,) = lines(event, _NONE, after(event, _NONE))
    text = line.sentence.line(*line.arguments)
    assert text == "version 4 is live, sha256:4, from c.yaml"


def test_problem_is_cut_in_the_status_and_whole_in_the_log() -> None:
    """A sentence of any length has room in the record."""
    error = InvalidConfigError("c.yaml", 1, 1, "", "x" * 5000)
    event = events.Rejected(20.0, "sha256:b", error)
    now = after(event, _LIVE)
    assert now.status.rejected is not None
    assert len(now.status.rejected.error.problem) == 1000
    (line,) = lines(event, _LIVE, now)
    assert line.sentence.line(*line.arguments).count("x") == 5000


def test_changes_go_into_the_history_alone() -> None:
    """Old and new values, as they may be shown, are in the entry."""
    changes = (Change("a", "1", "2"),)
    now = after(replace(_PUBLISHED, changes=changes), _LIVE)
    assert now.history.entries[-1].changes == changes
    assert now.status == after(_PUBLISHED, _LIVE).status


def test_state_before_is_not_touched() -> None:
    """An event makes another state: whoever holds the one before still has it."""
    kept = _LIVE.status.to_bytes(), _LIVE.history.to_bytes()
    for _, event, _, _ in _ROWS.values():
        after(event, _LIVE)
    assert (_LIVE.status.to_bytes(), _LIVE.history.to_bytes()) == kept
