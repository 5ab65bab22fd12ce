"""One sentence says whether it is live, and the worst thing comes first."""

from __future__ import annotations

from typing import Any

import pytest

from liveconfig.status import verdict
from liveconfig.status.verdict import Verdict
from tests.support.status import (
    DIGEST,
    as_status,
    at,
    error,
    rejected,
    status_document,
    trial,
    withdrawn,
    worker,
)


def judge(document: dict[str, Any]) -> Verdict:
    """Return the verdict on a document that a test made up."""
    return verdict.judge(as_status(document))


def _publisher(**changes: Any) -> dict[str, Any]:
    return {**status_document()["publisher"], **changes}


def _callbacks(failures: int) -> dict[str, Any]:
    return {"failures": failures, "slow": 0, "running_since": None}


def _missing() -> dict[str, Any]:
    problem = {"problem": "there is no such file", "since": at(9)}
    return {"path": "/etc/config", "missing": problem}


@pytest.mark.parametrize(
    ("workers", "where"),
    [
        ([worker(21)], "1 worker"),
        ([worker(21), worker(22)], "both workers"),
        ([worker(pid) for pid in range(4)], "all 4 workers"),
        ([worker(pid) for pid in range(1200)], "all 1,200 workers"),
        ([worker(21), worker(22, version=None)], "1 worker"),
        ([worker(21), worker(22), worker(23, version=None)], "2 workers"),
    ],
)
def test_healthy_service_is_live(workers: list[Any], where: str) -> None:
    """Nothing found is good, and the sentence counts the workers that have a config."""
    judged = judge(status_document(workers=workers))
    assert judged == Verdict("good", f"Live: version 3 in {where}", ())


@pytest.mark.parametrize(
    ("seconds", "more"),
    [(12, "12 more seconds"), (1, "1 more second"), (0, "a moment more")],
)
def test_trial_is_live_and_good(seconds: int, more: str) -> None:
    """A config on trial is live in every worker, and how long it takes is said."""
    judged = judge(status_document(trial=trial(seconds_left=seconds)))
    headline = f"Live: version 3 in both workers, on trial for {more}"
    assert judged == Verdict("good", headline, ())


def test_trial_has_a_headline_that_stays() -> None:
    """It may be read aloud once, and not once a second."""
    made = as_status(status_document(trial=trial()))
    judged = verdict.judge(made, is_exact=False)
    assert judged.headline == "Live: version 3 in both workers, on trial"


def test_worker_without_counts_matters_in_a_trial() -> None:
    """Where nothing counts the failures, the trial proves less than it seems to."""
    workers = [
        worker(21),
        worker(22, counts_requests=False),
        worker(23, counts_requests=False, is_dirty=True),
        worker(24, counts_requests=False, version=None),
    ]
    assert judge(status_document(workers=workers)).level == "good"
    (finding,) = judge(status_document(workers=workers, trial=trial())).findings
    assert finding.headline.endswith(", but the requests of 1 worker are not counted")
    assert finding.detail == (
        "What fails in worker 22 does not take it back, unless the worker dies or a "
        "callback fails."
    )


def test_flaw_in_a_trial_does_not_hide_it() -> None:
    """Both that it is on trial and what asks for attention head the page."""
    made = status_document(trial=trial(), unknown_keys=["mesage"], unknown_count=1)
    assert judge(made).headline == (
        "Live: version 3 in both workers, on trial for 12 more seconds, "
        "but 1 key unknown"
    )


@pytest.mark.parametrize(
    ("changes", "headline", "detail"),
    [
        (
            {"withdrawn": withdrawn()},
            "Version 2 was taken back: version 3 stays live",
            "24 of 24 requests failed, 0 of 1400 before. "
            "Take the edit back as well, or mend it or the code.",
        ),
        (
            {"withdrawn": withdrawn(version=0, reason="the service ended")},
            "What the source holds was taken back: version 3 stays live",
            "The service ended. Take the edit back as well, or mend it or the code.",
        ),
        (
            {"withdrawn": withdrawn(version=3, digest=DIGEST)},
            "The code fails on version 3, and there is no other",
            "24 of 24 requests failed, 0 of 1400 before. It is served all the same, "
            "as no config has passed its trial: mend it or the code.",
        ),
        (
            {"source": _missing()},
            "The source cannot be read: version 3 stays live",
            "there is no such file.",
        ),
        (
            {"rejected": rejected()},
            "The newest edit was rejected: version 3 stays live",
            "Mend /etc/config/config.yaml:2:12, or take the edit back.",
        ),
        (
            {"rejected": rejected(error=error(line=0, column=0))},
            "The newest edit was rejected: version 3 stays live",
            "Mend /etc/config/config.yaml, or take the edit back.",
        ),
        (
            {"workers": [worker(21), worker(22, is_behind=True, version=2)]},
            "Version 3 is live in 1 of 2 workers, 1 behind",
            "Version 3 is not taken yet by worker 22.",
        ),
        (
            {"workers": [worker(pid, is_behind=True) for pid in range(9)]},
            "Version 3 is live in 0 of 9 workers, 9 behind",
            "Version 3 is not taken yet by workers 0, 1, 2, 3, 4 and 4 more.",
        ),
        (
            {"workers": [worker(21), worker(22, stale_since=at(5))]},
            "1 worker cannot read the newest version",
            "Version 3 is unreadable in worker 22.",
        ),
        (
            {"workers": [worker(21, version=None)]},
            "No worker has a config yet",
            "Workers are still booting, or use no ConfigManager.",
        ),
        (
            {"workers": [], "converged": False},
            "No worker has a config yet",
            "Workers are still booting, or use no ConfigManager.",
        ),
        (
            {
                "workers": [worker(21), worker(22, needs_restart=True)],
                "restart_keys": ["pool.size"],
            },
            "1 worker must be restarted",
            "A restart is needed by worker 22 to apply pool.size.",
        ),
        (
            {"workers": [worker(pid, needs_restart=True) for pid in (21, 22)]},
            "2 workers must be restarted",
            "A restart is needed by workers 21, 22 to apply a changed key.",
        ),
        (
            {"workers": [worker(21), worker(22, has_other_class=True)]},
            "1 worker and the publisher differ in the class",
            "The code on disk has changed since one of them started, so reload "
            "gunicorn: not of the publisher's class is the one in worker 22.",
        ),
        (
            {"converged": False},
            "A version newer than 3 is on its way",
            "It is in the record, and the publisher has not stored its state yet.",
        ),
        (
            {"publisher": _publisher(state="restarting", pid=None)},
            "The publisher is being restarted: version 3 stays live",
            "It reads the source as soon as it is back.",
        ),
        (
            {"publisher": _publisher(state="unknown", mode="")},
            "The publisher's state is unknown: version 3 stays live",
            "What it says of itself cannot be read at present.",
        ),
    ],
)
def test_trouble_is_told(changes: dict[str, Any], headline: str, detail: str) -> None:
    """Whatever keeps an edit from getting through heads the page."""
    judged = judge(status_document(**changes))
    assert (judged.level, judged.headline) == ("trouble", headline)
    assert [finding.detail for finding in judged.findings] == [detail]


@pytest.mark.parametrize(
    ("changes", "but", "detail"),
    [
        (
            {"workers": [worker(21, callbacks=_callbacks(7)), worker(22)]},
            "callbacks fail in 1 worker",
            "The log says what the callbacks raised in worker 21.",
        ),
        (
            {"origin": "cache"},
            "it comes from the cache",
            "There was no usable source when the service started.",
        ),
        (
            {"publisher": _publisher(mode="polling", mode_reason="no inotify (why)")},
            "edits are found by polling",
            "An edit takes up to a second longer to be seen: no inotify (why).",
        ),
        (
            {"unknown_keys": ["mesage"], "unknown_count": 1},
            "1 key unknown",
            "The schema does not know mesage; check the spelling.",
        ),
        (
            {"warnings": ["c.yaml:2:7: port: read as 64 (octal): write 100"]},
            "1 value may not be as meant",
            "c.yaml:2:7: port: read as 64 (octal): write 100.",
        ),
    ],
)
def test_attention_is_asked_for(changes: dict[str, Any], but: str, detail: str) -> None:
    """What is live with a flaw is called live, and the flaw is named."""
    judged = judge(status_document(**changes))
    headline = f"Live: version 3 in both workers, but {but}"
    assert (judged.level, judged.headline) == ("attention", headline)
    assert [finding.detail for finding in judged.findings] == [detail]


def test_worst_comes_first() -> None:
    """Of many things the one that matters most is the headline; all are listed."""
    judged = judge(
        status_document(
            source=_missing(),
            rejected=rejected(),
            withdrawn=withdrawn(),
            workers=[worker(21, is_behind=True), worker(22, needs_restart=True)],
            publisher=_publisher(state="restarting", mode="polling"),
            unknown_count=1,
        )
    )
    levels = [finding.level for finding in judged.findings]
    assert levels == ["trouble"] * 6 + ["attention"] * 2
    assert judged.headline == "The source cannot be read: version 3 stays live"


def test_service_without_a_config_says_so_first() -> None:
    """Whatever it is that is wrong, nothing is served: that heads the findings."""
    document = status_document(
        version=0, rejected=rejected(), workers=[worker(21, version=None)]
    )
    judged = judge(document)
    assert judged.level == "trouble"
    assert judged.headline == "No config yet: waiting for the first good one"
    assert [finding.headline for finding in judged.findings] == [
        judged.headline,
        "The newest edit was rejected: there is no config yet",
    ]


def test_names_that_are_left_out_are_counted() -> None:
    """The document has the first of many keys alone, and their number is not lost."""
    names = [f"key{number}" for number in range(100)]
    made = status_document(unknown_keys=names, unknown_count=250)
    (finding,) = judge(made).findings
    assert "does not know key0, key1, key2, key3, key4 and 245 more; " in finding.detail
