"""The simulation of the judge: its chances, and the page that says them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from benchmarks.chances import (
    NOTHING_KNOWN,
    Before,
    alarm,
    alarm_by_deaths,
    alarm_by_knowledge,
    binomial,
    caught,
)
from benchmarks.judge import PAGE, RATES, SHARES, TABLES, line, page
from liveconfig.trial import judge as judged
from liveconfig.trial.judge import Evidence, judge

_TRIALS = 4000
# So far may what is drawn lie from what is computed: five times its own spread.
_SPREADS = 5


def _drawn(random: Random, share: float, burst: int) -> Iterator[bool]:
    """Yield for ever whether a request fails; failing ones come in bursts."""
    while True:
        failed = random.random() < share / (share + burst * (1 - share))
        yield from [failed] * (burst if failed else 1)


def _failures_until_condemned(
    random: Random, share: float, before: Before, requests: int, burst: int = 1
) -> int:
    """Let requests come one by one; 0 where the judge has nothing to say."""
    failures, drawn = 0, _drawn(random, share, burst)
    for now in range(1, requests + 1):
        failures += next(drawn)
        if judge(
            Evidence(
                requests=now,
                failures=failures,
                requests_before=before.requests,
                failures_before=before.failures,
            )
        ):
            return failures
    return 0


def _near(part: float) -> float:
    return float(_SPREADS * (part * (1 - part) / _TRIALS) ** 0.5)


@pytest.mark.parametrize("burst", [1, 3])
def test_chance_of_an_alarm_is_that_of_drawn_trials(
    burst: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a rule that is often wrong, trials that are drawn are wrong as often."""
    monkeypatch.setattr(judged, "_FAILURES_BEYOND", 3)
    random = Random(1)
    wrong = sum(
        _failures_until_condemned(random, 0.2, NOTHING_KNOWN, 100, burst) > 0
        for _ in range(_TRIALS)
    )
    computed = alarm(0.2, NOTHING_KNOWN, 100, burst)
    assert 0.02 < computed < 0.9
    assert wrong / _TRIALS == pytest.approx(computed, abs=_near(computed))


def test_chance_with_little_known_is_no_less_than_that_of_drawn_trials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is known of before is chance too, and the bound holds over all of it."""
    monkeypatch.setattr(judged, "_FAILURES_BEYOND", 3)
    monkeypatch.setattr(judged, "_FAILURES_UNSEEN", 1)
    random, wrong = Random(2), 0
    for _ in range(_TRIALS):
        failed = sum(random.random() < 0.1 for _ in range(60))
        before = Before(60, failed)
        wrong += _failures_until_condemned(random, 0.1, before, 100) > 0
    bound = alarm_by_knowledge(0.1, 60, 100)
    assert wrong / _TRIALS - _near(bound) < bound < 3 * wrong / _TRIALS


def test_bad_change_is_caught_as_in_drawn_trials() -> None:
    """The failing requests until a verdict are those of trials that are drawn."""
    random, before = Random(3), Before(10_000, 100)
    drawn = sorted(
        _failures_until_condemned(random, 0.1, before, 3000) for _ in range(1000)
    )
    found = caught(0.1, before, 3000, 1)
    assert drawn[0] > 0
    assert found.chance == pytest.approx(1.0, abs=1e-6)
    for part in (0.1, 0.5, 0.9):
        assert abs(found.quantile(part) - drawn[round(part * 1000)]) <= 1


def test_deaths_of_before_are_as_likely_as_computed() -> None:
    """Two deaths where none was seen yet condemn as often as chance brings them."""
    # One death is expected in the trial, and next to none before it.
    none_yet = alarm_by_deaths(1 / 30, 1e-6, 30.0, 4)
    assert none_yet == pytest.approx(1 - 2 / 2.718281828, abs=1e-4)


def test_good_changes_are_not_condemned() -> None:
    """Of drawn trials at a steady share, by the rule as it is, none is condemned."""
    random = Random(4)
    for share in SHARES:
        for _ in range(50):
            failed = sum(random.random() < share for _ in range(300))
            before = Before(300, failed)
            assert not _failures_until_condemned(random, share, before, 300)


_QUICK = {
    "alarms": [0.0, 0.001, 0.2],
    "bursts": [(0.001, 5), (0.001, 10)],
    "failures": [(0.0, broken) for broken in (1.0, 0.5, 0.2, 0.05)] + [(0.2, 1.0)],
    "looks": TABLES["looks"][1],
    "deaths": [3600],
}


@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name, cases in _QUICK.items() for case in cases],
)
def test_page_says_what_is_computed(name: str, case: object) -> None:
    """The rows that take no time are what the judge of today does: `make judge`."""
    assert case in TABLES[name][1]
    assert f"\n{line(TABLES[name][0](case))}\n" in PAGE.read_text()


def _rows(name: str) -> list[list[str]]:
    """Return the rows of a table as the page has them."""
    _, cases, columns = TABLES[name]
    lines = PAGE.read_text().splitlines()
    first = lines.index(line(columns)) + 2
    return [each[2:-2].split(" | ") for each in lines[first : first + len(cases)]]


def test_page_is_made_of_its_tables() -> None:
    """Nobody wrote into the page: its text is that of the program."""
    assert page({name: _rows(name) for name in TABLES}) == PAGE.read_text()


def test_no_good_change_in_a_million_is_condemned() -> None:
    """Where requests fail each by itself, every bound of the page is below one."""
    cells = [cell for row in _rows("alarms") for cell in row[1:]]
    assert len(cells) == len(SHARES) * (len(RATES) + 1)
    assert [cell for cell in cells if _number(cell) >= 1] == []


@pytest.mark.parametrize("known", [0, 30, 100, 200, 300, 1000, 10_000])
def test_forty_requests_that_all_fail_condemn(known: int) -> None:
    """Where a fifth failed before, more are wanted less than once in a million."""
    more = sum(
        chance
        for failed, chance in binomial(known, max(SHARES)).items()
        if not judge(
            Evidence(
                requests=40,
                failures=40,
                requests_before=known,
                failures_before=failed,
            )
        )
    )
    assert more < 1e-6


def _number(cell: str) -> float:
    return float(cell.removeprefix("< ").replace(",", ""))
