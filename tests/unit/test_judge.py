"""What condemns a config on trial, and what is put down to chance and to the past."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveconfig.trial.judge import Evidence, judge, share_allowed

_WELL_KNOWN = 10_000


def _counted(
    requests: int, failures: int, requests_before: int, failures_before: int
) -> Evidence:
    return Evidence(
        requests=requests,
        failures=failures,
        requests_before=requests_before,
        failures_before=failures_before,
    )


def _died(deaths: int, seconds: float, before: int = 0, workers: int = 4) -> Evidence:
    return Evidence(
        deaths=deaths,
        seconds=seconds,
        deaths_before=before,
        seconds_before=3600.0,
        workers=workers,
    )


@pytest.mark.parametrize(
    ("requests", "failures", "requests_before", "failures_before"),
    [
        # Nothing is known of before: 30 % and 16 more.
        (23, 23, 0, 0),
        (100, 46, 0, 0),
        # Nothing failed before: 1 % and 16 more.
        (17, 17, _WELL_KNOWN, 0),
        (1000, 26, _WELL_KNOWN, 0),
        # A fifth failed before: twice that and 16 more.
        (1000, 415, _WELL_KNOWN, 2000),
        # A few requests of before may have hidden 12 failing ones.
        (990, 40, 1000, 0),
        # All failed before, but they were too few to believe it.
        (1300, 1300, 39, 39),
    ],
)
def test_one_failure_more_condemns(
    requests: int, failures: int, requests_before: int, failures_before: int
) -> None:
    """The line between good and bad is where the constants put it."""
    bad = _counted(requests, failures, requests_before, failures_before)
    assert judge(bad)
    assert not judge(bad._replace(failures=failures - 1))


@pytest.mark.parametrize("share", [1.0, 0.6, 0.55])
def test_service_that_failed_before_is_not_judged_by_requests(share: float) -> None:
    """Where more than half failed before, any number of failing requests is usual."""
    before = round(share * _WELL_KNOWN)
    assert not judge(_counted(10**9, 10**9, _WELL_KNOWN, before))


def test_few_requests_that_all_failed_before_are_believed() -> None:
    """After 40 failing requests of 40 it is the service that fails, not the config."""
    assert not judge(_counted(10**9, 10**9, 40, 40))


@pytest.mark.parametrize(
    ("deaths", "seconds", "before", "workers"),
    [
        # None died before: two are enough, or the only one.
        (2, 0.1, 0, 4),
        (2, 30.0, 0, 2),
        (1, 30.0, 0, 1),
        # All are dead right now, and nobody counts as one who serves.
        (1, 1.0, 0, 0),
        # One died in the hour before.
        (3, 10.0, 1, 4),
        (2, 1.0, 1, 4),
        # One dies each minute.
        (10, 30.0, 60, 4),
        # One dies each second.
        (101, 30.0, 3600, 4),
    ],
)
def test_one_death_more_condemns(
    deaths: int, seconds: float, before: int, workers: int
) -> None:
    """Deaths condemn where twice the rate before brings them once in a million."""
    assert judge(_died(deaths, seconds, before, workers))
    assert not judge(_died(deaths - 1, seconds, before, workers))


@pytest.mark.parametrize(("failed", "workers"), [(2, 4), (2, 2), (1, 1)])
def test_callbacks_that_fail_in_two_workers_condemn(failed: int, workers: int) -> None:
    """A callback that raises in one of several workers may have had bad luck there."""
    bad = Evidence(callback_workers=failed, workers=workers)
    assert judge(bad)
    assert not judge(bad._replace(callback_workers=failed - 1))


def test_callbacks_that_failed_before_condemn_nothing() -> None:
    """A callback that raised with the proven config raises with any."""
    usual = Evidence(callback_workers=4, callback_workers_before=1, workers=4)
    assert not judge(usual)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (
            _counted(30, 24, 5000, 3),
            "24 of 30 requests failed, 3 of 5000 before",
        ),
        (
            _counted(30, 30, 0, 0),
            "30 of 30 requests failed, and none is known from before",
        ),
        (
            _died(2, 1.23),
            "2 workers died within 1.2 s, none in the 3600 s before",
        ),
        (
            _died(1, 1.0, workers=1),
            "1 worker died within 1.0 s, none in the 3600 s before",
        ),
        (
            _died(40, 2.0, before=3),
            "40 workers died within 2.0 s, 3 in the 3600 s before",
        ),
        (
            Evidence(callback_workers=2, workers=4),
            "its callbacks failed in 2 workers, in none before",
        ),
        (
            Evidence(callback_workers=1, workers=1),
            "its callbacks failed in 1 worker, in none before",
        ),
        (Evidence(), ""),
    ],
)
def test_reason_says_its_figures(evidence: Evidence, reason: str) -> None:
    """A verdict is one sentence with what was counted, now and before."""
    assert judge(evidence) == reason


_COUNTS = st.integers(0, 10**6)


@st.composite
def _evidence(draw: st.DrawFn) -> Evidence:
    """Return counts that can be: no more failed than there were."""
    requests, before, workers = draw(_COUNTS), draw(_COUNTS), draw(st.integers(0, 64))
    return Evidence(
        requests=requests,
        failures=draw(st.integers(0, requests)),
        requests_before=before,
        failures_before=draw(st.integers(0, before)),
        deaths=draw(st.integers(0, 200)),
        deaths_before=draw(st.integers(0, 200)),
        seconds=draw(st.floats(0, 3600)),
        seconds_before=draw(st.floats(0, 10**7)),
        workers=workers,
        callback_workers=draw(st.integers(0, workers)),
        callback_workers_before=draw(st.integers(0, workers)),
    )


@given(_evidence(), st.integers(1, 1000), st.integers(0, 200))
def test_more_that_fails_never_acquits(
    evidence: Evidence, failures: int, deaths: int
) -> None:
    """What is condemned stays so when more requests fail and more workers die."""
    worse = evidence._replace(
        requests=evidence.requests + failures,
        failures=evidence.failures + failures,
        deaths=evidence.deaths + deaths,
        callback_workers=evidence.callback_workers + deaths,
    )
    assert not judge(evidence) or judge(worse)


@given(_evidence(), st.integers(1, 1000))
def test_more_that_is_well_never_condemns(evidence: Evidence, well: int) -> None:
    """What is not condemned is not for requests that are answered well."""
    better = evidence._replace(requests=evidence.requests + well)
    assert judge(evidence) or not judge(better)


@given(_evidence(), st.integers(1, 1000))
def test_more_that_failed_before_never_condemns(evidence: Evidence, more: int) -> None:
    """The worse it was before, the more is allowed."""
    failed = min(evidence.failures_before + more, evidence.requests_before)
    worse = evidence._replace(
        failures_before=failed, deaths_before=evidence.deaths_before + more
    )
    assert judge(evidence) or not judge(worse)
    assert share_allowed(worse) >= share_allowed(evidence)


@given(st.integers(0, 10**6), st.data())
def test_config_that_fails_all_is_condemned_at_once(
    before: int, data: st.DataObject
) -> None:
    """Where up to a fifth failed before, 27 failing requests of 27 are enough."""
    failed = data.draw(st.integers(0, before // 5))
    assert judge(_counted(27, 27, before, failed))
