"""The status of a pod as text: what it says, and that it stays within its bounds."""

from __future__ import annotations

import fcntl
import io
import json
import os
import struct
import termios
from collections.abc import Iterator
from typing import Any, TextIO

import pytest

from liveconfig.command.terminal import Screen, rendered
from liveconfig.errors import printable
from liveconfig.status.document import Status
from tests.support import status
from tests.support.status_document import (
    DIGEST,
    PROBLEM,
    document,
    entry,
    rejected,
    worker,
)

_AT = "2026-11-23 07:07:19Z"


def _lines(columns: int = 80, **changes: Any) -> list[str]:
    body = json.dumps(document(**changes)).encode()
    return rendered(Status.from_json(body, printable), columns)


def _text(**changes: Any) -> str:
    return "\n".join(_lines(200, **changes))


def test_good_pod_is_one_look() -> None:
    """The first line says that all is well, and the rest says it in figures."""
    assert _lines() == [
        "Live: version 3 in both workers",
        DIGEST,
        "",
        f"since      {_AT}",
        "changed    message",
        f"delays     flip {_AT[:-1]}.512Z, publisher 1.4 ms, last worker 0.7 ms",
        f"publisher  running since {_AT}, by inotify, pid 12, start 1",
        "source     /etc/config/config.yaml",
        "",
        "    PID  VERSION  SINCE                     STATE",
        "     21        3  2026-11-23 07:07:19.512Z  current",
        "     22        3  2026-11-23 07:07:19.512Z  current",
        "",
        "HISTORY",
        f"{_AT}  version 3  published in 1.2 ms",
    ]


_BROKEN = {
    "missing": {"problem": "no such file", "since": "2026-11-23T07:07:19Z"},
    "publisher": {**document()["publisher"], "state": "restarting", "pid": None},
}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"workers": [worker(1), worker(2, 2)]},
            "Version 3 is live in 1 of 2 workers, 1 behind",
        ),
        (
            {"workers": [worker(1, 2), worker(2, 2)]},
            "Version 3 is live in 0 of 2 workers, 2 behind",
        ),
        ({"workers": [worker(1, None)]}, "No worker has a config yet"),
        ({"workers": [worker(1), worker(2, None)]}, "Live: version 3 in 1 worker"),
        (
            {"rejected": rejected()},
            "The newest edit was rejected: version 3 stays live",
        ),
        (
            {"publisher": _BROKEN["publisher"]},
            "The publisher is being restarted: version 3",
        ),
        (
            {"source": {"path": "/x", "missing": _BROKEN["missing"]}},
            "The source cannot be read: version 3 stays live",
        ),
        (
            {"workers": [worker(1, stale_since="2026-11-23T07:07:19Z")]},
            "1 worker cannot read the newest version",
        ),
        (
            {"workers": [worker(1, needs_restart=True)] * 64},
            "64 workers must be restarted",
        ),
    ],
)
def test_what_is_wrong_stands_on_top(changes: dict[str, Any], line: str) -> None:
    """Each trouble has one sentence above the figures, however many it befell."""
    text = _text(**changes)
    assert line in text.split("\n\n")[0]
    assert text.count(line) == 1


def test_rejected_candidate_is_shown_with_place_and_lines() -> None:
    """Its author finds the line that must be mended, among those around it."""
    text = _text(rejected=rejected(tries=2))
    assert f"REJECTED since {_AT}, seen 2 times" in text
    sentence = "/etc/config/config.yaml:2:7: port: expected a whole number, found text"
    assert f"\n  {sentence}\n" in text
    assert "\n      1  message: Hello\n>     2  port: [********\n" in text


def test_trial_is_shown_with_its_counts() -> None:
    """Whoever follows it sees what failed so far, and what it would go back to."""
    before = status.proven(version=2)
    text = _text(trial=status.trial(failures=3), proven=before)
    noon = "2026-11-23 12:00:00Z"
    assert f"\ntrial      3 of 1,400 requests failed since {noon}\n" in text
    assert "\nproven     version 2, which comes back if the trial fails\n" in text
    first = _text(trial=status.trial(requests=1))
    assert "\ntrial      0 of 1 request failed since " in first
    assert "\nproven " not in first
    ago = _text(trial=status.trial(), proven=status.proven(version=0))
    assert f"\nproven     {status.DIGEST}, which comes back" in ago
    assert "\nproven " not in _text(proven=status.proven())


def test_what_was_taken_back_is_shown_with_its_reason() -> None:
    """Its author finds which edit it was, since when it is not served, and why."""
    taken_back = status.withdrawn()
    text = _text(withdrawn=taken_back)
    what = f"WITHDRAWN since 2026-11-23 11:59:59Z, version 2\n  {taken_back['digest']}"
    assert f"\n{what}\n  24 of 24 requests failed, 0 of 1400 before\n" in text
    assert "59Z\n  sha256:" in _text(withdrawn=status.withdrawn(version=0))


def test_worker_tells_its_troubles() -> None:
    """Stale, in need of a restart, with callbacks that fail, drag or hang: all told."""
    at = "2026-11-23T07:07:19Z"
    callbacks = {"failures": 2, "slow": 1, "running_since": at}
    row = worker(21, stale_since=at, needs_restart=True, callbacks=callbacks)
    states = (
        f"current, stale since {_AT}, needs a restart, callbacks failed 2 times, "
        f"callbacks slow once, a callback runs since {_AT}"
    )
    assert states in _text(workers=[row])
    assert "current, dirty worker\n" in _text(workers=[worker(21, is_dirty=True)])


def test_history_shows_what_changed_and_what_was_rejected() -> None:
    """The newest come first, each with its figures; long ones are cut short."""
    changes = [
        {"key": "message", "old": '"Hello"', "new": '"Bye"'},
        {"key": "a.b", "old": None, "new": "1"},
        {"key": "c", "old": "null", "new": None},
        {"key": "d", "old": "1", "new": "2"},
    ]
    history = [
        entry("rejected", error=PROBLEM, version=4),
        entry(changes=changes, changed_count=7),
        *[entry(version=2)] * 30,
    ]
    lines = _lines(200, history=history)
    newest = lines[lines.index("HISTORY") + 1 :]
    place = "/etc/config/config.yaml:2:7"
    assert newest[0].startswith(f"{_AT}  version 4 stays  rejected in 1.2 ms: {place}")
    assert newest[1:6] == [
        f"{_AT}  version 3  published in 1.2 ms",
        '    message: "Hello" -> "Bye"',
        "    a.b added: 1",
        "    c removed: null",
        "    and 4 more",
    ]
    assert len(newest[6:]) == 6


def test_history_shows_how_trials_ended() -> None:
    """What was proven, and what was withdrawn, has its figures beside it."""
    reason = status.withdrawn()["reason"]
    history = [
        entry("proven", reason="accepted without a request"),
        entry(reason=reason),
        entry("withdrawn", version=2, reason=reason),
    ]
    lines = _lines(200, history=history)
    assert lines[lines.index("HISTORY") + 1 :] == [
        f"{_AT}  version 3  proven: accepted without a request",
        f"{_AT}  version 3  published: what has passed its trial",
        f"{_AT}  version 2  withdrawn: {reason}",
    ]


def test_worker_that_tries_for_all_is_named() -> None:
    """Two versions side by side are what they are: none of the workers is behind."""
    lines = _text(
        workers=[worker(21, 2, is_behind=False), worker(22)],
        trial=status.trial(mode="canary", worker=22),
    ).splitlines()
    found = [line.split("Z  ")[1] for line in lines if line.startswith("     2")]
    assert found == ["current", "current, tries it for all"]


def test_worker_without_counts_is_named_in_a_trial() -> None:
    """What fails in it takes nothing back; at other times it does not matter."""
    rows = [worker(21, counts_requests=False)]
    mark = "current, requests are not counted"
    assert mark in _text(workers=rows, trial=status.trial())
    assert mark not in _text(workers=rows)
    rows = [worker(21, counts_requests=False, is_dirty=True)]
    assert "not counted" not in _text(workers=rows, trial=status.trial())


def test_long_lists_of_keys_are_cut_short() -> None:
    """A hundred changed keys are five and a number."""
    keys = [f"k{number}" for number in range(100)]
    shown = "k0, k1, k2, k3, k4 and 995 more"
    assert f"changed    {shown}" in _text(changed_keys=keys, changed_count=1000)
    assert f"unknown    {shown}\n" in _text(unknown_keys=keys, unknown_count=1000)
    assert "restart    k0, k1, k2, k3, k4 and 95 more: in effect after a" in _text(
        restart_keys=keys
    )


def test_what_is_not_known_is_a_dash() -> None:
    """A pod that has only begun to be has few figures."""
    nothing = dict.fromkeys(("pid", "started_at", "checked_at"))
    publisher = {"state": "unknown", "mode": "", "starts": 1, **nothing}
    delays = dict.fromkeys(document()["delays"])
    nowhere = {"delays": delays, "changed_at": None}
    text = _text(published_at=None, **nowhere, publisher=publisher, origin="cache")
    assert "since      -, from the cache\n" in text
    assert "delays     flip -, publisher -, last worker -\n" in text
    assert "publisher  unknown since -, by -, pid -, start 1\n" in text


def test_why_it_polls_is_shown() -> None:
    """Whoever waits for an edit reads what keeps inotify from seeing it."""
    publisher = {**document()["publisher"], "mode": "polling", "mode_reason": "why"}
    text = _text(publisher=publisher)
    assert ", by polling, pid 12, start 1\npolling    once a second: why\n" in text
    assert "polling" not in _text()


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    """Whatever the texts are, lines wrap or are cut, and none holds a control."""
    long = "\x1b[2J" + "x" * 500 + "\n\u202e \u4e16"
    lines = _lines(
        columns,
        digest=long,
        changed_keys=[long],
        source={"path": long, "missing": {**_BROKEN["missing"], "problem": long}},
        rejected=rejected(
            error={**PROBLEM, "path": long}, excerpt=[{"line": 2, "text": long}]
        ),
        history=[entry(changes=[{"key": long, "old": long, "new": long}])],
        workers=[worker(2**31, 2**40, stale_since="2026-11-23T07:07:19Z")],
    )
    assert max(map(len, lines)) <= columns
    assert all(line.isprintable() for line in lines)


def test_pipe_gets_a_block_for_each_change() -> None:
    """What is the same as before is not written again."""
    out = io.StringIO()
    screen = Screen(out)
    for lines in (["a", "b"], ["a", "b"], ["c"]):
        screen.show(lines)
    assert out.getvalue() == "a\nb\n\n\nc\n\n\n"
    assert screen.size() == (80, 24)


class Terminal:
    """A terminal of 8 rows, and what was written to it."""

    def __init__(self, rows: int, columns: int) -> None:
        self.reader, self._writer = os.openpty()
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._writer, termios.TIOCSWINSZ, size)
        self.out: TextIO = os.fdopen(self._writer, "w")

    def written(self) -> str:
        return os.read(self.reader, 65536).decode().replace("\r\n", "\n")

    def close(self) -> None:
        self.out.close()
        os.close(self.reader)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A real one of 8 rows and 100 columns."""
    terminal = Terminal(8, 100)
    yield terminal
    terminal.close()


def test_terminal_gets_each_frame_in_the_place_of_the_last(terminal: Terminal) -> None:
    """From the top, each line cleared behind its end, and what was below as well."""
    screen = Screen(terminal.out)
    assert screen.size() == (100, 8)
    screen.show(["a", "b"])
    assert terminal.written() == "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J"


def test_frame_is_no_longer_than_the_terminal(terminal: Terminal) -> None:
    """It would scroll, and the next one would not be in its place."""
    Screen(terminal.out).show([f"line {number}" for number in range(20)])
    written = terminal.written()
    assert written.count("\n") == 7
    assert written.endswith("line 5\x1b[K\n(14 more lines)\x1b[K\n\x1b[J")
    assert "line 6" not in written


def test_terminal_without_a_size_has_the_usual_one() -> None:
    """A serial line says 0 by 0."""
    terminal = Terminal(0, 0)
    assert Screen(terminal.out).size() == (80, 24)
    terminal.close()


def test_pod_that_waits_says_for_what() -> None:
    """Without a config the headline says so, and no version 0 is told of."""
    text = _text(
        version=0,
        digest="",
        published_at=None,
        rejected=rejected(),
        workers=[worker(21, None)],
        history=[entry("rejected", version=0, error=PROBLEM)],
    )
    first, second, *_ = text.splitlines()
    assert first == "No config yet: waiting for the first good one"
    assert second.startswith("! Requests that need a config are answered with 503")
    assert "\n! The newest edit was rejected: there is no config yet. Mend " in text
    assert f"{_AT}  no version  rejected in " in text
    assert "version 0" not in text
