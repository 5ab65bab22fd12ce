"""
What is to be done with a config that the source holds.

Owns: the choice, by what is live, on trial, proven and condemned.
Must not know: how it is done, what the config holds, any clock.
Runs in: the publisher process.

Pure. The choice rests on digests alone, so text that is only laid out otherwise is the
same config.
"""

from __future__ import annotations

from enum import Enum

from liveconfig.memory.status import PublisherStatus

# So often a service may be ended in order during the trial of a config.
INTERRUPTIONS_MAX = 3


class Step(Enum):
    """What comes next."""

    STAY = "it is live already"
    TRY = "it goes live, and its trial begins"
    PROVE = "it goes live, and is proven already"
    REFUSE = "it was condemned, so what is live stays"
    SERVE = "it was condemned, but there is nothing else"


def step(
    status: PublisherStatus, digest: str, live_digest: str, *, has_other: bool
) -> Step:
    """
    Return what is to be done with a good config.

    Args:
        status: what is proven and condemned.
        digest: of the config.
        live_digest: of what is live, "" where nothing is.
        has_other: whether there is another config to serve, live or proven.
    """
    if digest == live_digest:
        return Step.STAY
    if status.proven is not None and digest == status.proven.digest:
        return Step.PROVE
    if status.condemned_as(digest) is not None:
        return Step.REFUSE if has_other else Step.SERVE
    return Step.TRY


def is_to_be_tried(status: PublisherStatus, digest: str) -> bool:
    """Return whether a config that is live has been neither judged nor begun with."""
    return (
        (status.proven is None or status.proven.digest != digest)
        and (status.trial is None or status.trial.digest != digest)
        and status.condemned_as(digest) is None
    )


def verdict_on_interrupted(
    interruptions: int, *, is_sudden: bool, has_proven: bool
) -> str:
    """
    Say why a config is condemned in whose trial the whole service ended, "" if not.

    Args:
        interruptions: how often that has happened.
        is_sudden: whether it ended the last time as nobody had asked it to.
        has_proven: whether there is another one to serve. Without one it is served
            anyway, so it may as well show that it was not to blame.
    """
    if is_sudden and has_proven:
        return "the service ended without a word during its trial"
    if interruptions >= INTERRUPTIONS_MAX:
        return f"the service ended {interruptions} times during its trial"
    return ""
