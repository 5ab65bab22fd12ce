"""
The safeguards of the judge, each as a change of the code that takes it away.

Owns: the rows for what condemns a config on trial.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Only, Swap, Value, Without

_JUDGE = "tests/unit/test_judge.py::test_"
_REQUESTS = (f"{_JUDGE}one_failure_more_condemns",)
_BELIEVED = (f"{_JUDGE}few_requests_that_all_failed_before_are_believed",)
_DEATHS = (f"{_JUDGE}one_death_more_condemns",)
_CALLBACKS = (f"{_JUDGE}callbacks_that_fail_in_two_workers_condemn",)


def _constant(safeguard: str, name: str, value: str, tests: tuple[str, ...]) -> Mutant:
    return Mutant(f"trial.judge:{name}", safeguard, Value(name, value), tests)


JUDGED = (
    _constant(
        "one failing request fewer condemns nothing",
        "_FAILURES_BEYOND",
        "15",
        _REQUESTS,
    ),
    _constant(
        "one failing request more is not waited for",
        "_FAILURES_BEYOND",
        "17",
        _REQUESTS,
    ),
    _constant(
        "less than twice the share before is allowed",
        "_RATIO",
        "1.9",
        _REQUESTS,
    ),
    _constant(
        "more than twice the share before is not",
        "_RATIO",
        "2.1",
        _REQUESTS,
    ),
    _constant(
        "one failing request in a hundred is always allowed",
        "_SHARE_ALWAYS_ALLOWED",
        "0.008",
        _REQUESTS,
    ),
    _constant(
        "more than one in a hundred is not always allowed",
        "_SHARE_ALWAYS_ALLOWED",
        "0.012",
        _REQUESTS,
    ),
    _constant(
        "much is allowed where nothing is known",
        "_SHARE_ALLOWED_UNKNOWN",
        "0.29",
        _REQUESTS,
    ),
    _constant(
        "not everything is allowed where nothing is known",
        "_SHARE_ALLOWED_UNKNOWN",
        "0.31",
        _REQUESTS,
    ),
    _constant(
        "chance may have hidden failures of before",
        "_FAILURES_UNSEEN",
        "11",
        _REQUESTS,
    ),
    _constant(
        "chance has not hidden many failures of before",
        "_FAILURES_UNSEEN",
        "13",
        _REQUESTS,
    ),
    _constant(
        "few requests of before are not believed",
        "_REQUESTS_TO_BELIEVE",
        "39",
        _REQUESTS,
    ),
    _constant(
        "forty requests of before are believed",
        "_REQUESTS_TO_BELIEVE",
        "41",
        _BELIEVED,
    ),
    _constant(
        "one worker of several may have bad luck",
        "_WORKERS",
        "1",
        (*_DEATHS, *_CALLBACKS),
    ),
    _constant(
        "two workers have no bad luck",
        "_WORKERS",
        "3",
        (*_DEATHS, *_CALLBACKS),
    ),
    _constant(
        "deaths that the rate before explains condemn nothing",
        "_CHANCE",
        "1e-5",
        _DEATHS,
    ),
    _constant(
        "deaths that the rate before does not explain condemn",
        "_CHANCE",
        "1e-7",
        _DEATHS,
    ),
    Mutant(
        "trial.judge:_enough",
        "a single worker is enough where there is no other",
        Swap("max(1, min(_WORKERS, evidence.workers))", "_WORKERS"),
        (*_DEATHS, *_CALLBACKS),
    ),
    Mutant(
        "trial.judge:_enough",
        "nothing is condemned for no death while every worker is dead",
        Only("min"),
        _DEATHS,
    ),
    Mutant(
        "trial.judge:_of_callbacks",
        "a callback that raised before condemns nothing",
        Without("callback_workers_before"),
        (f"{_JUDGE}callbacks_that_failed_before_condemn_nothing",),
    ),
)
