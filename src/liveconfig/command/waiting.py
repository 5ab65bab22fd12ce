"""
Waiting until every worker of a pod serves a config, or it is no good there.

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
    WithdrawnError,
)
from liveconfig.status.document import Rejected, Status, Withdrawn
from liveconfig.status.verdict import counted, judge, trial

# A pipeline waits this much too long at most.
_PAUSE_SECONDS = 0.25

# A service that hangs is asked again; one that is slow still gets an answer through.
_ANSWER_SECONDS_MIN, _ANSWER_SECONDS_MAX = 0.5, 5.0

# What the reasons say in their own way, with the digest and the versions.
_SAID = ("no config", "behind")


@dataclass(frozen=True)
class Target:
    """
    What is waited for: a digest, a version or a rejection, and how many workers.

    Attributes:
        digest: of the config, "" if another one will do.
        bytes_digest: of the files that it is made of, "" if they are not known.
        version: this one or a newer one, 0 if the version does not matter.
        is_rejection: whether it is that the newest edit is rejected.
        workers: how many must serve a config, at least.
        is_proven: whether the config must have passed its trial.
    """

    digest: str = ""
    bytes_digest: str = ""
    version: int = 0
    is_rejection: bool = False
    workers: int = 0
    is_proven: bool = False

    def is_met(self, status: Status) -> bool:
        """Return whether it is so in every worker."""
        if len(status.serving) < self.workers:
            return False
        if self.is_rejection:
            # Without any config there is none that the workers could agree on.
            is_agreed = status.converged or not status.version
            return status.rejected is not None and is_agreed
        if self.is_proven and not status.is_proven:
            return False
        if self.version:
            return status.converged and status.version >= self.version
        return status.serves(self.digest)

    def withdrawn(self, status: Status) -> Withdrawn | None:
        """Return what is waited for if it was taken back, None if it was not."""
        found = status.withdrawn
        if found is None:
            return None
        if self.version:
            return found if found.version >= self.version else None
        return found if found.digest == self.digest else None

    def missing(self, status: Status) -> Iterator[str]:
        """Yield what of the status is not as it must be; of workers, how many."""
        live = f"version {status.version}"
        if not status.version:
            yield "there is no config yet"
        elif self.is_rejection:
            if status.rejected is None:
                yield f"{live} is the newest edit"
        elif self.version > status.version:
            yield f"{live} is the newest"
        elif self.digest and status.digest != self.digest:
            yield f"{live} is still {status.digest}"
        else:
            yield f"{live} has it{trial(status) if self.is_proven else ''}"
        if len(status.serving) < self.workers:
            serving = counted(len(status.serving), "worker")
            yield f"{serving} of {self.workers} with a config"


class Wait:
    """
    One wait, and what was seen in it.

    Attributes:
        status: what the service said last, None before its first answer.
    """

    def __init__(self, client: StatusClient, target: Target) -> None:
        """
        Say what is waited for; nobody is asked yet.

        Args:
            client: the service, which need not be up yet.
            target: what it is to come to.
        """
        self._client = client
        self._target = target
        self.status: Status | None = None
        self._error: ServiceUnavailableError | None = None
        self._rejected_before: Rejected | None = None

    def run(self, seconds: float) -> Status:
        """
        Return the status in which the target is met.

        Args:
            seconds: how long to wait; with 0 the service is asked once.

        Raises:
            InvalidConfigError: the service rejected it; `status` says so.
            NotConvergedError: it is not met in time; `status` is what was seen last.
            StartupError: what answers is no such service; `status` is as it was.
            WithdrawnError: the service took it back; `status` says so.
        """
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            bounded = min(max(left, _ANSWER_SECONDS_MIN), _ANSWER_SECONDS_MAX)
            try:
                status = self._client.ask(bounded)
            except ServiceUnavailableError as error:
                self._error = error
            else:
                if self._ends_with(status):
                    return status
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._failure(seconds)
            time.sleep(min(left, _PAUSE_SECONDS))

    def _ends_with(self, status: Status) -> bool:
        """Note an answer, return whether the target is met; raise if it cannot be."""
        rejected = status.rejected
        if self.status is None:
            self._rejected_before = rejected
        self.status, self._error = status, None
        # Where nothing is proven it is live all the same, but not for good.
        withdrawn = self._target.withdrawn(status)
        if withdrawn is not None:
            raise _taken_back(withdrawn, status)
        if self._target.is_met(status):
            return True
        if self._target.is_rejection:
            return False
        if rejected is not None and not self._may_be_older(rejected):
            raise rejected.error.as_exception()
        return False

    def _may_be_older(self, rejected: Rejected) -> bool:
        """Return whether it may be about what the source held before the wait."""
        if rejected.digest and rejected.digest == self._target.bytes_digest:
            return False
        before = self._rejected_before
        return before is not None and before.since == rejected.since

    def _failure(self, seconds: float) -> LiveconfigError:
        """Return why it is not over when the time is up."""
        rejected = self.status.rejected if self.status is not None else None
        if rejected is not None and not self._target.is_rejection:
            return rejected.error.as_exception()
        wanted = "proven" if self._target.is_proven else "live"
        if self._target.is_rejection:
            wanted = "rejected"
        reason = "; ".join(self._reasons())
        return NotConvergedError(f"not {wanted} after {seconds:g} s: {reason}")

    def _reasons(self) -> Iterator[str]:
        if self._error is not None:
            yield str(self._error)
        status = self.status
        if status is None:
            return
        yield from self._target.missing(status)
        if behind := status.behind:
            rows = (f"worker {row.pid} with version {row.version}" for row in behind)
            yield f"behind: {', '.join(rows)}"
        for finding in judge(status).findings:
            if finding.level == "trouble" and finding.kind not in _SAID:
                yield f"{finding.headline[0].lower()}{finding.headline[1:]}"


def _taken_back(withdrawn: Withdrawn, status: Status) -> WithdrawnError:
    what = f"version {withdrawn.version}" if withdrawn.version else withdrawn.digest
    now = f"version {status.version} is live"
    if withdrawn.digest == status.digest:
        now = "it is served all the same, as no config has passed its trial"
    return WithdrawnError(f"{what}: {withdrawn.reason}; {now}")
