"""
Waiting until every worker of a pod serves one config.

Owns: when the wait is over, and what its end says.
Must not know: HTTP, how a digest is made, exit statuses.
Runs in: the CLI.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from liveconfig.command.client import StatusClient
from liveconfig.errors import (
    LiveconfigError,
    NotConvergedError,
    ServiceUnavailableError,
)
from liveconfig.status.document import Rejected, Status
from liveconfig.status.verdict import judge

_PAUSE_SECONDS = 0.25

# A service that hangs is asked again; one that is slow still gets an answer through.
_ANSWER_SECONDS_MIN, _ANSWER_SECONDS_MAX = 0.5, 5.0

# What the reasons say in their own way, with the digest and the versions.
_SAID = ("no config", "behind")


@dataclass(frozen=True)
class Target:
    """
    What is waited for.

    Attributes:
        digest: of the config.
        bytes_digest: of the files that it is made of, "" if they are not known.
    """

    digest: str
    bytes_digest: str = ""


def wait_for(client: StatusClient, target: Target, seconds: float) -> Status:
    """
    Return the status in which every worker serves the target.

    Args:
        client: the service, which need not be up yet.
        target: the config.
        seconds: how long to wait; with 0 the service is asked once.

    Raises:
        InvalidConfigError: the service rejected it.
        NotConvergedError: it does not serve it in time.
        StartupError: what answers is no such service.
    """
    deadline = time.monotonic() + seconds
    progress = _Progress(target)
    while True:
        left = deadline - time.monotonic()
        bounded = min(max(left, _ANSWER_SECONDS_MIN), _ANSWER_SECONDS_MAX)
        try:
            status = client.ask(bounded)
        except ServiceUnavailableError as error:
            progress.miss(error)
        else:
            if progress.ends_with(status):
                return status
        left = deadline - time.monotonic()
        if left <= 0:
            raise progress.failure(seconds)
        time.sleep(min(left, _PAUSE_SECONDS))


class _Progress:
    """What was seen so far."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._status: Status | None = None
        self._error: ServiceUnavailableError | None = None
        self._rejected_before: Rejected | None = None

    def miss(self, error: ServiceUnavailableError) -> None:
        """Take note that there was no answer."""
        self._error = error

    def ends_with(self, status: Status) -> bool:
        """Note an answer, return whether all serve the target; raise if rejected."""
        rejected = status.rejected
        if self._status is None:
            self._rejected_before = rejected
        self._status, self._error = status, None
        if status.serves(self._target.digest):
            return True
        if rejected is not None and not self._may_be_older(rejected):
            raise rejected.error.as_exception()
        return False

    def _may_be_older(self, rejected: Rejected) -> bool:
        """Return whether it may be about what the source held before the wait."""
        if rejected.digest and rejected.digest == self._target.bytes_digest:
            return False
        before = self._rejected_before
        return before is not None and before.since == rejected.since

    def failure(self, seconds: float) -> LiveconfigError:
        """Return why it is not over when the time is up."""
        if self._status is not None and self._status.rejected is not None:
            return self._status.rejected.error.as_exception()
        reason = "; ".join(self._reasons())
        return NotConvergedError(f"not live after {seconds:g} s: {reason}")

    def _reasons(self) -> Iterator[str]:
        if self._error is not None:
            yield str(self._error)
        status = self._status
        if status is None:
            return
        if not status.version:
            yield "there is no config yet"
        elif status.digest == self._target.digest:
            yield f"version {status.version} has it"
        else:
            yield f"version {status.version} is still {status.digest}"
        if behind := status.behind:
            rows = (f"worker {row.pid} with version {row.version}" for row in behind)
            yield f"behind: {', '.join(rows)}"
        for finding in judge(status).findings:
            if finding.level == "trouble" and finding.kind not in _SAID:
                yield f"{finding.headline[0].lower()}{finding.headline[1:]}"
