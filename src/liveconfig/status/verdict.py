"""
Is it live? One sentence from the status document, and what stands in the way.

Owns: which state matters more than which, and their words.
Must not know: HTML, the terminal, where the document comes from.
Runs in: the workers, for the page, and the CLI, for its text and its exit status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from liveconfig.errors import listed
from liveconfig.memory.status import Problem
from liveconfig.status.document import Status, Withdrawn, Worker

Level = Literal["good", "attention", "trouble"]

_NAMES_SHOWN_MAX = 5


class Finding(NamedTuple):
    """
    One thing that is not as it should be.

    Attributes:
        kind: what it is, in a word that stays.
        level: `trouble` where an edit is not in effect in every worker, or the next one
            would not be; else `attention`.
        headline: the sentence that heads the page if nothing worse was found.
        detail: what is behind it, and what to do.
    """

    kind: str
    level: Level
    headline: str
    detail: str


class Verdict(NamedTuple):
    """The answer: how good it is, in one sentence, and all that was found."""

    level: Level
    headline: str
    findings: Sequence[Finding]


def judge(status: Status, *, is_exact: bool = True) -> Verdict:
    """
    Say whether the newest config is live everywhere, and if not, why not.

    Args:
        status: what the service says of itself.
        is_exact: whether the headline says how much longer a trial takes. It changes
            every second then, which nobody wants to have read aloud.
    """
    good = live(status, is_exact=is_exact)
    findings = [
        *_trouble_at_start(status),
        *_trouble_with_source(status),
        *_trouble_with_workers(status),
        *_trouble_with_publisher(status),
        *_attention(status, good),
    ]
    if not findings:
        return Verdict("good", good, ())
    return Verdict(findings[0].level, findings[0].headline, findings)


def live(status: Status, *, is_exact: bool = True) -> str:
    """Return `Live: version 3 in all 4 workers`, and whether it is on trial."""
    serving = len(status.serving)
    where = counted(serving, "worker")
    if serving == len(status.workers) > 1:
        where = "both workers" if serving == 2 else f"all {where}"
    return (
        f"Live: version {status.version} in {where}{trial(status, is_exact=is_exact)}"
    )


def trial(status: Status, *, is_exact: bool = True) -> str:
    """Return `, on trial for 12 more seconds`, or nothing where there is no trial."""
    if status.trial is None:
        return ""
    left = status.trial.seconds_left
    # Past the deadline it is a moment until the publisher has looked.
    more = counted(left, "more second") if left else "a moment more"
    return f", on trial for {more}" if is_exact else ", on trial"


def counted(count: int, noun: str) -> str:
    """Return `1 worker` or `2 workers`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sentence(text: str) -> str:
    """Return a text as a sentence: with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def place(error: Problem) -> str:
    """Return where an error is, as an editor opens it: `path:line:column`."""
    numbers = (error.line, error.column)
    return ":".join([error.path, *(str(number) for number in numbers if number)])


def _trouble(kind: str, headline: str, detail: str) -> Finding:
    return Finding(kind, "trouble", headline, detail)


def _stays(status: Status) -> str:
    version = status.version
    return f"version {version} stays live" if version else "there is no config yet"


def _trouble_at_start(status: Status) -> Iterator[Finding]:
    if not status.version:
        yield _trouble(
            "no config",
            "No config yet: waiting for the first good one",
            "Requests that need a config are answered with 503 until it comes.",
        )


def _trouble_with_source(status: Status) -> Iterator[Finding]:
    missing, rejected = status.source.missing, status.rejected
    if missing is not None:
        headline = f"The source cannot be read: {_stays(status)}"
        yield _trouble("missing", headline, f"{missing.problem}.")
    if rejected is not None:
        headline = f"The newest edit was rejected: {_stays(status)}"
        detail = f"Mend {place(rejected.error)}, or take the edit back."
        yield _trouble("rejected", headline, detail)
    if status.withdrawn is not None:
        yield _withdrawn(status, status.withdrawn)


def _withdrawn(status: Status, withdrawn: Withdrawn) -> Finding:
    reason = sentence(withdrawn.reason)
    if withdrawn.digest == status.digest:
        headline = f"The code fails on version {status.version}, and there is no other"
        detail = (
            f"{reason} It is served all the same, as no config has passed its trial: "
            "mend it or the code."
        )
        return _trouble("condemned", headline, detail)
    what = "What the source holds"
    if withdrawn.version:
        what = f"Version {withdrawn.version}"
    headline = f"{what} was taken back: {_stays(status)}"
    detail = f"{reason} Take the edit back as well, or mend it or the code."
    return _trouble("withdrawn", headline, detail)


def _trouble_with_workers(status: Status) -> Iterator[Finding]:
    version, serving, behind = status.version, status.serving, status.behind
    if stale := [worker for worker in status.workers if worker.stale_since]:
        headline = f"{counted(len(stale), 'worker')} cannot read the newest version"
        detail = f"Version {version} is unreadable in {_named(stale)}."
        yield _trouble("stale", headline, detail)
    if behind:
        headline = (
            f"Version {version} is live in {len(serving) - len(behind)} of "
            f"{counted(len(serving), 'worker')}, {len(behind)} behind"
        )
        detail = f"Version {version} is not taken yet by {_named(behind)}."
        yield _trouble("behind", headline, detail)
    elif status.trial is not None and status.trial.mode == "canary":
        headline = f"Version {version} is on trial in one worker"
        detail = f"All get it if it passes, in {status.trial.seconds_left} s."
        yield Finding("on trial", "attention", headline, detail)
    elif serving and not stale and not status.converged:
        headline = f"A version newer than {version} is on its way"
        detail = "It is in the record, and the publisher has not stored its state yet."
        yield _trouble("on its way", headline, detail)
    if version and not serving:
        detail = "Workers are still booting, or use no ConfigManager."
        yield _trouble("not served", "No worker has a config yet", detail)
    if waiting := [worker for worker in status.workers if worker.needs_restart]:
        headline = f"{counted(len(waiting), 'worker')} must be restarted"
        keys = listed(status.restart_keys, _NAMES_SHOWN_MAX) or "a changed key"
        detail = f"A restart is needed by {_named(waiting)} to apply {keys}."
        yield _trouble("restart", headline, detail)
    if others := [worker for worker in status.workers if worker.has_other_class]:
        count = counted(len(others), "worker")
        headline = f"{count} and the publisher differ in the class"
        detail = (
            "The code on disk has changed since one of them started, so reload "
            f"gunicorn: not of the publisher's class is the one in {_named(others)}."
        )
        yield _trouble("class", headline, detail)


def _trouble_with_publisher(status: Status) -> Iterator[Finding]:
    state = status.publisher.state
    if state == "restarting":
        headline = f"The publisher is being restarted: {_stays(status)}"
        detail = "It reads the source as soon as it is back."
        yield _trouble("publisher restarting", headline, detail)
    elif state != "running":
        headline = f"The publisher's state is {state}: {_stays(status)}"
        detail = "What it says of itself cannot be read at present."
        yield _trouble("publisher unknown", headline, detail)


def _attention(status: Status, good: str) -> Iterator[Finding]:
    for kind, but, detail in _buts(status):
        yield Finding(kind, "attention", f"{good}, but {but}", detail)


def _buts(status: Status) -> Iterator[tuple[str, str, str]]:
    if failing := [each for each in status.workers if each.callbacks.failures]:
        yield (
            "callbacks",
            f"callbacks fail in {counted(len(failing), 'worker')}",
            f"The log says what the callbacks raised in {_named(failing)}.",
        )
    uncounted = [
        each for each in status.serving if not (each.counts_requests or each.is_dirty)
    ]
    if status.trial is not None and uncounted:
        yield (
            "uncounted",
            f"the requests of {counted(len(uncounted), 'worker')} are not counted",
            f"What fails in {_named(uncounted)} does not take it back, unless the "
            "worker dies or a callback fails.",
        )
    if status.origin != "source":
        yield (
            "origin",
            f"it comes from the {status.origin}",
            "There was no usable source when the service started.",
        )
    if status.publisher.mode == "polling":
        yield (
            "polling",
            "edits are found by polling",
            "An edit takes up to a second longer to be seen: "
            f"{status.publisher.mode_reason}.",
        )
    if status.unknown_count:
        unknown = listed(status.unknown_keys, _NAMES_SHOWN_MAX, status.unknown_count)
        yield (
            "unknown keys",
            f"{counted(status.unknown_count, 'key')} unknown",
            f"The schema does not know {unknown}; check the spelling.",
        )
    if status.warnings:
        yield (
            "warnings",
            f"{counted(len(status.warnings), 'value')} may not be as meant",
            f"{listed(status.warnings, _NAMES_SHOWN_MAX)}.",
        )


def _named(workers: Sequence[Worker]) -> str:
    pids = listed([str(worker.pid) for worker in workers], _NAMES_SHOWN_MAX)
    return f"worker{'' if len(workers) == 1 else 's'} {pids}"
