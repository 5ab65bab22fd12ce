"""`Wait`: when a wait is over, and what its end says."""

from __future__ import annotations

import time
from typing import Any

import pytest

from liveconfig.command.client import StatusClient
from liveconfig.command.waiting import Target, Wait
from liveconfig.errors import (
    InvalidConfigError,
    NotConvergedError,
    StartupError,
    WithdrawnError,
)
from tests.support import status
from tests.support.eventually import PATIENCE_SECONDS
from tests.support.server import free_port
from tests.support.status_document import (
    DIGEST,
    OTHER_DIGEST,
    PROBLEM,
    StandIn,
    document,
    rejected,
    response,
    worker,
)

_LATER = "2026-11-23T08:00:00+00:00"
_OLD = {"digest": OTHER_DIGEST, "version": 2}
_WAITED_FOR = Target(DIGEST, bytes_digest=f"sha256:{'c' * 64}")


def _old(**changes: Any) -> dict[str, Any]:
    return document(workers=[worker(21, 2), worker(22, 2)], **{**_OLD, **changes})


def _wait(stand_in: StandIn, seconds: float = 10.0) -> int:
    return Wait(StatusClient(stand_in.url), _WAITED_FOR).run(seconds).version


def _not_converged(stand_in: StandIn, seconds: float = 0.0) -> str:
    with pytest.raises(NotConvergedError) as raised:
        _wait(stand_in, seconds)
    return str(raised.value)


def test_config_that_is_live_is_not_waited_for(stand_in: StandIn) -> None:
    """What is served already is told by the first answer, without any time to wait."""
    assert _wait(stand_in, 0) == 3
    assert len(stand_in.requests) == 1


def test_wait_ends_with_the_last_worker(stand_in: StandIn) -> None:
    """Neither the publication nor all but one of the workers are enough."""
    behind = document(workers=[worker(21), worker(22, 2)])
    stand_in.documents = [_old(), behind, behind, document()]
    assert _wait(stand_in) == 3
    assert len(stand_in.requests) == 4


def test_table_that_does_not_agree_is_waited_for(stand_in: StandIn) -> None:
    """A row with another digest counts, whatever the rest of the answer says."""
    row = worker(22, digest=OTHER_DIGEST)
    stand_in.documents = [document(workers=[worker(21), row])]
    assert "version 3 has it" in _not_converged(stand_in)


def test_workers_that_are_behind_are_named(stand_in: StandIn) -> None:
    """When time is up it says which processes to look at."""
    stand_in.documents = [
        document(workers=[worker(21), worker(22, 2), worker(23, 1), worker(24, None)])
    ]
    assert _not_converged(stand_in) == (
        "not live after 0 s: version 3 has it; "
        "behind: worker 22 with version 2, worker 23 with version 1"
    )


def test_source_that_is_not_there_yet_is_named(stand_in: StandIn) -> None:
    """When time is up before the kubelet came, it says what is served, and troubles."""
    missing = {"problem": "no such file", "since": _LATER}
    stand_in.documents = [_old(source={"path": "/x", "missing": missing})]
    told = _not_converged(stand_in)
    assert f"version 2 is still {OTHER_DIGEST}" in told
    assert "the source cannot be read: version 2 stays live" in told


def test_pod_without_a_config_is_named(stand_in: StandIn) -> None:
    """A pod whose workers all boot has nobody behind."""
    stand_in.documents = [document(workers=[worker(21, None)])]
    assert "no worker has a config" in _not_converged(stand_in)


def test_rejection_while_waiting_ends_the_wait(stand_in: StandIn) -> None:
    """The reason is raised at once: what was waited for will not come by itself."""
    stand_in.documents = [_old(), _old(rejected=rejected())]
    with pytest.raises(InvalidConfigError, match=r":2:7: port: expected"):
        _wait(stand_in)


def test_rejection_from_before_does_not_end_the_wait(stand_in: StandIn) -> None:
    """It may be the very thing that the config waited for mends."""
    before = _old(rejected=rejected())
    again = _old(rejected=rejected(tries=2))
    stand_in.documents = [before, again, document()]
    assert _wait(stand_in) == 3


def test_rejection_from_before_is_the_reason_when_time_is_up(
    stand_in: StandIn,
) -> None:
    """What still stands then is why it is not live."""
    stand_in.documents = [_old(rejected=rejected())]
    with pytest.raises(InvalidConfigError, match=PROBLEM["problem"]):
        _wait(stand_in, 3.0)
    assert len(stand_in.requests) > 1


def test_second_rejection_ends_the_wait(stand_in: StandIn) -> None:
    """One that is not the one from before is about what came since."""
    after = rejected(since=_LATER, digest=DIGEST)
    stand_in.documents = [_old(rejected=rejected()), _old(rejected=after)]
    with pytest.raises(InvalidConfigError):
        _wait(stand_in)
    assert len(stand_in.requests) == 2


def test_rejection_from_before_of_the_same_bytes_ends_the_wait(
    stand_in: StandIn,
) -> None:
    """If it is about the very file that is waited for, there is nothing to wait for."""
    of_file = rejected(digest=_WAITED_FOR.bytes_digest)
    stand_in.documents = [_old(rejected=of_file)]
    with pytest.raises(InvalidConfigError):
        _wait(stand_in)
    assert len(stand_in.requests) == 1


def test_rejection_without_a_digest_is_of_no_file(stand_in: StandIn) -> None:
    """Bytes that could not be read whole equal no others, unknown ones included."""
    unread = rejected(digest="")
    stand_in.documents = [_old(rejected=unread), document()]
    client = StatusClient(stand_in.url)
    assert Wait(client, Target(DIGEST)).run(10).version == 3


def test_service_that_is_not_up_yet_is_waited_for(stand_in: StandIn) -> None:
    """A pod that only starts answers late, and by halves at first."""
    answers = [b"", response(b"", "503 Service Unavailable")]

    def answer(request: str) -> Any:
        return [answers.pop()] if answers else stand_in.good(request)

    stand_in.answer = answer
    assert _wait(stand_in) == 3
    assert not answers


def test_service_that_is_never_up_is_named() -> None:
    """When time is up it says who did not answer, and what it was instead."""
    port = free_port()
    client = StatusClient(f"http://127.0.0.1:{port}")
    with pytest.raises(NotConvergedError) as raised:
        Wait(client, _WAITED_FOR).run(0.3)
    url = f"http://127.0.0.1:{port}/status"
    assert str(raised.value) == f"not live after 0.3 s: {url}: connection refused"


def test_service_that_hangs_ends_the_wait_in_time(stand_in: StandIn) -> None:
    """One that takes the question and never answers does not prolong the wait."""
    stand_in.answer = stand_in.silent
    started = time.monotonic()
    assert "no answer within" in _not_converged(stand_in, 0.2)
    assert time.monotonic() - started < PATIENCE_SECONDS / 2


def test_service_that_goes_away_is_told_with_what_it_said_last(
    stand_in: StandIn,
) -> None:
    """Both that it does not answer and what is known of it."""
    answers = [stand_in.good]
    stand_in.documents = [_old()]

    def answer(request: str) -> Any:
        return answers.pop()(request) if answers else [b""]

    stand_in.answer = answer
    told = _not_converged(stand_in, 0.4)
    assert "no answer in HTTP" in told
    assert "version 2 is still" in told


def test_service_that_is_back_is_not_told_to_be_away(stand_in: StandIn) -> None:
    """What did not answer once, and did then, is no reason any more."""
    answers = [b""]
    stand_in.documents = [_old()]

    def answer(request: str) -> Any:
        return [answers.pop()] if answers else stand_in.good(request)

    stand_in.answer = answer
    assert "no answer" not in _not_converged(stand_in, 0.4)
    assert not answers


def test_somebody_else_is_not_waited_for(stand_in: StandIn) -> None:
    """A port of something else is a mistake, and told at once."""
    stand_in.says(response(b"", "404 Not Found"))
    with pytest.raises(StartupError):
        _wait(stand_in)
    assert len(stand_in.requests) == 1


def test_service_that_waits_for_a_config_says_so(stand_in: StandIn) -> None:
    """Where nothing was ever good, the reason is that, and no version 0."""
    gone = {"problem": "config.yaml: no such file", "since": document()["published_at"]}
    stand_in.documents = [
        document(
            version=0,
            digest="",
            source={"path": "config.yaml", "missing": gone},
            workers=[worker(21, None)],
        )
    ]
    with pytest.raises(NotConvergedError) as caught:
        Wait(StatusClient(stand_in.url), Target(DIGEST)).run(0)
    assert str(caught.value) == (
        "not live after 0 s: there is no config yet; "
        "the source cannot be read: there is no config yet"
    )


def _met(stand_in: StandIn, target: Target) -> int:
    return Wait(StatusClient(stand_in.url), target).run(10.0).version


def _unmet(stand_in: StandIn, target: Target) -> str:
    with pytest.raises(NotConvergedError) as raised:
        Wait(StatusClient(stand_in.url), target).run(0.0)
    return str(raised.value)


@pytest.mark.parametrize("version", [2, 3])
def test_version_is_there_with_it_or_a_newer_one(
    stand_in: StandIn, version: int
) -> None:
    """Whatever was published since, the one that was waited for was live before."""
    assert _met(stand_in, Target(version=version)) == 3


def test_version_that_a_worker_lacks_is_waited_for(stand_in: StandIn) -> None:
    """A publication alone is not enough, as with a digest."""
    behind = document(workers=[worker(21), worker(22, 2)])
    stand_in.documents = [_old(), behind, document()]
    assert _met(stand_in, Target(version=3)) == 3
    assert len(stand_in.requests) == 3


def test_version_that_does_not_come_is_named(stand_in: StandIn) -> None:
    """When time is up it says which one is the newest."""
    assert _unmet(stand_in, Target(version=4)) == (
        "not live after 0 s: version 3 is the newest"
    )


def test_rejection_that_is_wanted_ends_the_wait(stand_in: StandIn) -> None:
    """It is met by a rejection that comes, and by one from before."""
    stand_in.documents = [document(), document(rejected=rejected())]
    assert _met(stand_in, Target(is_rejection=True)) == 3
    assert _met(stand_in, Target(is_rejection=True)) == 3
    assert len(stand_in.requests) == 3


def test_rejection_before_any_config_is_one(stand_in: StandIn) -> None:
    """Where no worker has anything, none has to agree with the others."""
    waiting = {"version": 0, "digest": "", "workers": [worker(21, None)]}
    stand_in.documents = [document(**waiting, rejected=rejected())]
    assert _met(stand_in, Target(is_rejection=True)) == 0


def test_rejection_counts_when_the_workers_agree(stand_in: StandIn) -> None:
    """While one is behind it is not seen yet that all serve the version that stays."""
    behind = [worker(21), worker(22, 2)]
    stand_in.documents = [document(rejected=rejected(), workers=behind)]
    told = _unmet(stand_in, Target(is_rejection=True))
    assert told.startswith("not rejected after 0 s: behind: worker 22 with version 2; ")


def test_rejection_that_does_not_come_is_named(stand_in: StandIn) -> None:
    """When time is up it says that the newest edit is a good one."""
    assert _unmet(stand_in, Target(is_rejection=True)) == (
        "not rejected after 0 s: version 3 is the newest edit"
    )


@pytest.mark.parametrize(
    "target",
    [Target(DIGEST, workers=3), Target(version=3, workers=3)],
    ids=["digest", "version"],
)
def test_workers_that_are_missing_are_waited_for(
    stand_in: StandIn, target: Target
) -> None:
    """One that boots serves nothing yet, and so does not count."""
    two = [worker(21), worker(22), worker(23, None)]
    stand_in.documents = [document(workers=two)]
    assert _unmet(stand_in, target) == (
        "not live after 0 s: version 3 has it; 2 workers of 3 with a config"
    )
    stand_in.documents.append(document(workers=[*two[:2], worker(23)]))
    assert _met(stand_in, target) == 3


_ON_TRIAL = document(trial=status.trial(digest=DIGEST))
_PROVEN = document(proven=status.proven(digest=DIGEST))
_TAKEN_BACK = status.withdrawn(digest=DIGEST)


def test_trial_ends_no_wait_but_the_one_for_its_end(stand_in: StandIn) -> None:
    """What is on trial is live; `--proven` waits for more."""
    stand_in.documents = [_ON_TRIAL, _ON_TRIAL, _ON_TRIAL, _PROVEN]
    assert _met(stand_in, Target(DIGEST)) == 3
    assert len(stand_in.requests) == 1
    assert _met(stand_in, Target(DIGEST, is_proven=True)) == 3
    assert len(stand_in.requests) == 4
    assert _met(stand_in, Target(version=3, is_proven=True)) == 3


def test_trial_that_is_not_over_in_time_is_named(stand_in: StandIn) -> None:
    """When time is up it says how much longer the trial takes."""
    stand_in.documents = [_ON_TRIAL]
    for target in (Target(DIGEST, is_proven=True), Target(version=3, is_proven=True)):
        assert _unmet(stand_in, target) == (
            "not proven after 0 s: version 3 has it, on trial for 12 more seconds"
        )


def test_another_config_that_is_proven_is_not_enough(stand_in: StandIn) -> None:
    """It is the one that is live that must have passed its trial."""
    other = status.proven(version=1, digest=OTHER_DIGEST)
    stand_in.documents = [document(trial=status.trial(digest=DIGEST), proven=other)]
    _unmet(stand_in, Target(DIGEST, is_proven=True))


def _taken_back(stand_in: StandIn, target: Target) -> str:
    with pytest.raises(WithdrawnError) as raised:
        Wait(StatusClient(stand_in.url), target).run(60)
    return str(raised.value)


@pytest.mark.parametrize(
    "target",
    [Target(DIGEST), Target(version=2), Target(DIGEST, is_proven=True)],
    ids=["digest", "version", "proven"],
)
def test_config_that_is_taken_back_ends_the_wait(
    stand_in: StandIn, target: Target
) -> None:
    """It says why and what is live, though the version that is live is newer."""
    gone_back = document(digest=OTHER_DIGEST, withdrawn=_TAKEN_BACK)
    stand_in.documents = [_old(version=1), gone_back]
    assert _taken_back(stand_in, target) == (
        "version 2: 24 of 24 requests failed, 0 of 1400 before; version 3 is live"
    )


def test_config_that_is_live_for_want_of_another_ends_the_wait(
    stand_in: StandIn,
) -> None:
    """Every worker serves it, and yet it is no config to go on with."""
    served = status.withdrawn(version=3, digest=DIGEST)
    stand_in.documents = [document(withdrawn=served)]
    assert _taken_back(stand_in, Target(DIGEST)) == (
        "version 3: 24 of 24 requests failed, 0 of 1400 before; "
        "it is served all the same, as no config has passed its trial"
    )


def test_config_of_a_service_before_is_named_by_its_digest(stand_in: StandIn) -> None:
    """It was no version of this one."""
    before = status.withdrawn(version=0, digest=DIGEST)
    stand_in.documents = [document(digest=OTHER_DIGEST, withdrawn=before)]
    assert _taken_back(stand_in, Target(DIGEST)).startswith(f"{DIGEST}: 24 of 24 ")


def test_another_config_that_is_taken_back_ends_no_wait(stand_in: StandIn) -> None:
    """What is waited for is still to come: another digest, a newer version."""
    other = status.withdrawn()
    stand_in.documents = [_old(withdrawn=other), document()]
    assert _met(stand_in, Target(DIGEST)) == 3
    stand_in.documents = [_old(withdrawn=other), document()]
    assert _met(stand_in, Target(version=3)) == 3
    stand_in.documents = [_old(withdrawn=other)]
    assert "; version 2 was taken back: version 2 stays live" in _unmet(
        stand_in, Target(DIGEST)
    )


def test_rejection_is_waited_for_whatever_was_taken_back(stand_in: StandIn) -> None:
    """That was another edit."""
    withdrawn = document(withdrawn=_TAKEN_BACK)
    stand_in.documents = [withdrawn, document(rejected=rejected())]
    assert _met(stand_in, Target(is_rejection=True)) == 3
