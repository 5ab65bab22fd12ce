"""
What is on trial, proven and withdrawn, as data.

Owns: these three and their figures; the bytes of what was withdrawn.
Must not know: who counts, who judges, what follows.
Runs in: the publisher, which writes them, and the workers, which show them.

`began` and `deadline` are seconds of the monotonic clock, which all processes of one
machine share and nobody can step; all other times are seconds since the epoch.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

# What anybody may have put into a file is no more than a record can hold and show.
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
_Time = Annotated[float, msgspec.Meta(ge=0, le=1e11)]
_Digest = Annotated[str, msgspec.Meta(max_length=100)]
_Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class Figures(msgspec.Struct, frozen=True):
    """
    How a config fared while it was live.

    Attributes:
        requests: how many were answered, or failed to be.
        failures: how many of these failed.
        deaths: how many workers ended otherwise than they were asked to.
        callback_workers: in how many workers a callback raised.
        seconds: for how long.
        breakdowns: how many of the deaths came from what the workers ran.
    """

    requests: int = 0
    failures: int = 0
    deaths: int = 0
    callback_workers: int = 0
    seconds: float = 0.0
    breakdowns: int = 0

    @property
    def share(self) -> float:
        """The share of the requests that failed."""
        return self.failures / self.requests if self.requests else 0.0

    @property
    def outcome(self) -> str:
        """What came of a trial that was passed, in words."""
        if not self.requests:
            return "accepted without a request"
        return f"{self.failures} of {self.requests} requests failed"

    def plus(self, other: Figures) -> Figures:
        """
        Return the figures of both times together.

        Where what was to be left out of `other` is not in it any more, they are 0.
        """
        return Figures(
            max(0, self.requests + other.requests),
            max(0, self.failures + other.failures),
            max(0, self.deaths + other.deaths),
            # The same workers, mostly.
            max(self.callback_workers, other.callback_workers),
            self.seconds + other.seconds,
            self.breakdowns + other.breakdowns,
        )

    def since(self, start: Figures) -> Figures:
        """Return what has come to `start`."""
        return Figures(
            self.requests - start.requests,
            self.failures - start.failures,
            self.deaths - start.deaths,
            max(0, self.callback_workers - start.callback_workers),
            self.seconds - start.seconds,
            self.breakdowns - start.breakdowns,
        )


class Trial(msgspec.Struct, frozen=True):
    """
    The trial of the config that is live.

    Attributes:
        version: the version that it is live as.
        digest: the digest of the config.
        mode: how it is tried: `watch` in all workers, `canary` in one.
        began_at: when the trial began.
        began: the same by the monotonic clock.
        deadline: when it is over, by the monotonic clock.
        before: how the proven config fared, up to the first that is not.
        start: what was counted for this version before the trial.
        seconds: how long it is.
        worker: the process that tries it before the others, 0 for none.
        is_taken: whether it has it, so that the time of the trial has begun.
        shunned: a process that did not take it in that time, 0 for none.
        deaths: how many workers had died of it when this one was chosen.
    """

    version: int
    digest: str
    mode: str
    began_at: float
    began: float
    deadline: float
    before: Figures = Figures()
    start: Figures = Figures()
    seconds: float = 0.0
    worker: int = 0
    is_taken: bool = False
    shunned: int = 0
    deaths: int = 0

    def with_values(self, **values: Any) -> Trial:
        """Return the trial with these instead of what it has."""
        return msgspec.structs.replace(self, **values)

    def as_version(self, version: int) -> Trial:
        """Return the trial when the config is live as a version, another it may be."""
        # As another one, nothing was counted before.
        start = self.start if version == self.version else Figures()
        return msgspec.structs.replace(self, version=version, start=start)


class Proven(msgspec.Struct, frozen=True):
    """
    The config that passed its trial last.

    Attributes:
        version: the version that it is or was live as, 0 if it was not in this service.
        digest: the digest of the config.
        at: when it was proven, 0.0 if that is not known.
        began: since when it is or was live as that version, by the monotonic clock.
        before: how it fared as the versions before that one.
        origin: where it came from: `source`, `cache` or `defaults`.
    """

    version: int
    digest: str
    at: float
    began: float
    before: Figures = Figures()
    origin: str = "source"

    def with_values(self, **values: Any) -> Proven:
        """Return it with these instead of what it has."""
        return msgspec.structs.replace(self, **values)


class Withdrawn(msgspec.Struct, frozen=True):
    """
    A config that was condemned, and is not tried again.

    Attributes:
        version: the version that it was live as, 0 if it was not in this service.
        digest: the digest of the config.
        since: when it was condemned.
        reason: why, in one sentence.
        figures: how it fared.
        before: how the proven config had fared.
    """

    version: _Count
    digest: _Digest
    since: _Time
    reason: _Reason
    figures: Figures = Figures()
    before: Figures = Figures()


def to_bytes(withdrawn: tuple[Withdrawn, ...]) -> bytes:
    """Return the bytes that `from_bytes` takes: JSON, for whoever looks at the file."""
    return msgspec.json.encode(withdrawn)


def from_bytes(content: bytes) -> tuple[Withdrawn, ...]:
    """Read them back; nothing was withdrawn where these are no such bytes."""
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()


# Made while importing, for the reason that `status` gives.
_DECODER = msgspec.json.Decoder(tuple[Withdrawn, ...])
