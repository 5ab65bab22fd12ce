"""
Is it live? One sentence from the status document, and what stands in the way.

Owns: which state matters more than which, and their words.
Must not know: HTML, where the document comes from.
Runs in: every worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

Level = Literal["good", "attention", "trouble"]
Document = Mapping[str, Any]

_NAMES_SHOWN_MAX = 5


class Finding(NamedTuple):
    """
    One thing that is not as it should be.

    Attributes:
        level: `trouble` where an edit does not get through, else `attention`.
        headline: the sentence that heads the page if nothing worse was found.
        detail: what is behind it, and what to do.
    """

    level: Level
    headline: str
    detail: str


class Verdict(NamedTuple):
    """The answer: how good it is, in one sentence, and all that was found."""

    level: Level
    headline: str
    findings: Sequence[Finding]


def judge(document: Document) -> Verdict:
    """Say whether the newest config is live everywhere, and if not, why not."""
    findings = [
        *_trouble_at_start(document),
        *_trouble_with_source(document),
        *_trouble_with_workers(document),
        *_trouble_with_publisher(document),
        *_attention(document),
    ]
    if not findings:
        return Verdict("good", live(document), ())
    return Verdict(findings[0].level, findings[0].headline, findings)


def live(document: Document) -> str:
    """Return `Live: version 3 in all 4 workers`."""
    workers = document["workers"]
    serving = sum(worker["version"] is not None for worker in workers)
    where = counted(serving, "worker")
    if serving == len(workers) > 1:
        where = "both workers" if serving == 2 else f"all {where}"
    return f"Live: version {document['version']} in {where}"


def counted(count: int, noun: str) -> str:
    """Return `1 worker` or `2 workers`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def place(error: Mapping[str, Any]) -> str:
    """Return where an error is, as an editor opens it: `path:line:column`."""
    numbers = (error["line"], error["column"])
    return ":".join([error["path"], *(str(number) for number in numbers if number)])


def _stays(document: Document) -> str:
    version = document["version"]
    return f"version {version} stays live" if version else "there is no config yet"


def _trouble_at_start(document: Document) -> Iterator[Finding]:
    if not document["version"]:
        detail = "Requests that need a config are answered with 503 until it comes."
        yield Finding(
            "trouble", "No config yet: waiting for the first good one", detail
        )


def _trouble_with_source(document: Document) -> Iterator[Finding]:
    missing, rejected = document["source"]["missing"], document["rejected"]
    if missing is not None:
        headline = f"The source cannot be read: {_stays(document)}"
        yield Finding("trouble", headline, f"{missing['problem']}.")
    if rejected is not None:
        headline = f"The newest edit was rejected: {_stays(document)}"
        detail = f"Mend {place(rejected['error'])}, or take the edit back."
        yield Finding("trouble", headline, detail)


def _trouble_with_workers(document: Document) -> Iterator[Finding]:
    workers = document["workers"]
    version = document["version"]
    stale = [worker for worker in workers if worker["stale_since"]]
    if stale:
        headline = f"{counted(len(stale), 'worker')} cannot read the newest version"
        detail = f"Version {version} is unreadable in {_named(stale)}."
        yield Finding("trouble", headline, detail)
    behind = [worker for worker in workers if worker["is_behind"]]
    if behind:
        serving = [worker for worker in workers if worker["version"] is not None]
        headline = (
            f"Version {version} is live in {len(serving) - len(behind)} of "
            f"{counted(len(serving), 'worker')}, {len(behind)} behind"
        )
        detail = f"Version {version} is not taken yet by {_named(behind)}."
        yield Finding("trouble", headline, detail)
    if document["version"] and not any(worker["version"] for worker in workers):
        detail = "Workers are still booting, or use no ConfigManager."
        yield Finding("trouble", "No worker has a config yet", detail)


def _trouble_with_publisher(document: Document) -> Iterator[Finding]:
    state = document["publisher"]["state"]
    if state == "restarting":
        headline = f"The publisher is being restarted: {_stays(document)}"
        yield Finding("trouble", headline, "It reads the source as soon as it is back.")
    if state == "unknown":
        headline = f"The publisher's state is unknown: {_stays(document)}"
        detail = "What it says of itself cannot be read at present."
        yield Finding("trouble", headline, detail)


def _attention(document: Document) -> Iterator[Finding]:
    for but, detail in _buts(document):
        yield Finding("attention", f"{live(document)}, but {but}", detail)


def _buts(document: Document) -> Iterator[tuple[str, str]]:
    workers = document["workers"]
    waiting = [worker for worker in workers if worker["needs_restart"]]
    if waiting:
        yield (
            f"{counted(len(waiting), 'worker')} must be restarted",
            f"A restart is needed by {_named(waiting)} to apply "
            f"{_listed(document['restart_keys']) or 'a changed key'}.",
        )
    failing = [worker for worker in workers if worker["callbacks"]["failures"]]
    if failing:
        yield (
            f"callbacks fail in {counted(len(failing), 'worker')}",
            f"The log says what the callbacks raised in {_named(failing)}.",
        )
    is_level = any(each["version"] for each in workers) and not any(
        each["is_behind"] for each in workers
    )
    if is_level and not document["converged"]:
        yield (
            "a newer one is on its way",
            "It is in the record, and the publisher has not told of it yet.",
        )
    if document["origin"] != "source":
        yield (
            f"it comes from the {document['origin']}",
            "There was no usable source when the service started.",
        )
    if document["publisher"]["mode"] == "polling":
        yield (
            "edits are found by polling",
            "An edit takes up to a second longer to be seen: "
            f"{document['publisher']['mode_reason']}.",
        )
    if document["unknown_count"]:
        yield (
            f"{counted(document['unknown_count'], 'key')} unknown",
            f"The schema does not know {_listed(document['unknown_keys'])}; "
            "check the spelling.",
        )


def _named(workers: Sequence[Document]) -> str:
    pids = _listed([str(worker["pid"]) for worker in workers])
    return f"worker{'' if len(workers) == 1 else 's'} {pids}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN_MAX
    return ", ".join(names[:_NAMES_SHOWN_MAX]) + (
        f" and {more} more" if more > 0 else ""
    )
