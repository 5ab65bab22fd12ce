"""
The parts of the page below its headline.

Owns: what is shown of the rejected candidate, the version, the workers, the history.
Must not know: the order of the parts, HTTP, where the document comes from.
Runs in: every worker.

What comes and goes has a `data-key`, what moves when it changes a `data-version`: that
is how `page.js` recognises it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from liveconfig.masking.excerpt import ExcerptLine
from liveconfig.memory.status import Problem
from liveconfig.operators.markup import Child, Markup, element, joined
from liveconfig.operators.values import (
    code,
    cut,
    digest,
    duration,
    time,
)
from liveconfig.schema.changes import Change
from liveconfig.status.document import (
    Delays,
    Entry,
    Publisher,
    Rejected,
    Status,
    Worker,
)
from liveconfig.status.verdict import counted, place

# The other changes of an entry unfold.
_CHANGES_SHOWN_MAX = 3
# Of a key and of a value.
_CHANGE_CHARACTERS_MAX = 400
_WORD = re.compile(r"[\w.-]+")

_STATES = {
    "live": "live",
    "restart": "live, needs a restart",
    "behind": "behind",
    "none": "no config yet",
}


def section(key: str, heading: str, *children: Child) -> Markup:
    """Return a part of the page with its heading."""
    title = element("h2", heading, id=f"{key}-heading")
    return element(
        "section",
        title,
        *children,
        id=key,
        data_key=key,
        aria_labelledby=f"{key}-heading",
    )


def rejected(candidate: Rejected) -> Markup:
    """Return what is not served, with the place of its error marked."""
    lines, error = candidate.excerpt, candidate.error
    tries = counted(candidate.tries, "time")
    excerpt = element(
        "ol",
        *(_excerpt_line(line, error) for line in lines),
        class_="excerpt",
    )
    return section(
        "rejected",
        "Rejected",
        element("p", *_problem(error)),
        excerpt if lines else None,
        element(
            "p",
            "Since ",
            time(candidate.since),
            f", seen {tries}. It goes away with the next good edit.",
            class_="note",
        ),
    )


def _problem(error: Problem) -> Iterator[Child]:
    yield code(place(error))
    yield " "
    if error.key:
        yield code(error.key)
        yield ": "
    yield f"{error.problem}."


def _excerpt_line(line: ExcerptLine, error: Problem) -> Markup:
    if line.line != error.line:
        return element("li", code(line.text), value=line.line)
    shown = _marked(line.text, line.column)
    return element("li", code(*shown), value=line.line, class_="here")


def _marked(text: str, column: int) -> Iterator[Child]:
    """Mark the word or else the character at `column`, or the whole line for 0."""
    begin, end = max(0, column - 1), column or len(text)
    if column and (word := _WORD.match(text, begin)):
        end = word.end()
    yield text[:begin]
    # At the end of a line there is nothing to mark but the place.
    yield element("mark", text[begin:end] or " ")
    yield text[end:]


def version(status: Status) -> Markup:
    """Return what is served since when, who publishes, and how long it took."""
    publisher, delays = status.publisher, status.delays
    facts: dict[str, Child] = {
        "Live since": time(status.published_at),
        "Digest": code(status.digest or "none"),
        "Publisher": ", ".join(_publisher(publisher)),
        "Last look at the source": time(publisher.checked_at),
    }
    steps = (
        ("Flip", time(status.changed_at, "milliseconds"), "the source changed"),
        (
            "Publisher",
            duration(delays.publisher_ms),
            "until it was published",
        ),
        ("Last worker", duration(delays.last_worker_ms), _total(delays)),
    )
    number = status.version
    return section(
        "version",
        f"Version {number}" if number else "No version yet",
        element("dl", *(_fact(name, value) for name, value in facts.items())),
        element("ol", *(_step(*step) for step in steps), class_="steps"),
    )


def _fact(name: str, value: Child) -> Markup:
    return element("div", element("dt", name), element("dd", value))


def _total(delays: Delays) -> Markup:
    if delays.publisher_ms is None or delays.last_worker_ms is None:
        return joined("after that")
    total = duration(delays.publisher_ms + delays.last_worker_ms)
    return joined("after that, ", total, " in all")


def _step(name: str, value: Markup, note: str) -> Markup:
    return element(
        "li",
        element("span", name, class_="name"),
        element("span", value, class_="value"),
        element("span", note, class_="note"),
    )


def _publisher(publisher: Publisher) -> Iterator[str]:
    yield publisher.state
    if publisher.pid is not None:
        yield f"process {publisher.pid}"
    yield publisher.mode
    if publisher.starts > 1:
        yield f"started {publisher.starts} times"


def workers(table: Sequence[Worker]) -> Markup:
    """Return a row per worker."""
    columns = ("Worker", "Version", "State", "Took it", "Started")
    headings = (
        element("th", name, scope="col", role="columnheader") for name in columns
    )
    rows = [_worker(worker) for worker in table]
    return section(
        "workers",
        "Workers",
        element(
            "table",
            element("caption", "Which worker serves which version", class_="spoken"),
            element("thead", element("tr", *headings, role="row"), role="rowgroup"),
            element("tbody", *rows, role="rowgroup"),
            # On a phone its rows are blocks, and blocks have no roles of their own.
            role="table",
        ),
    )


def _worker(worker: Worker) -> Markup:
    number = worker.version
    state = _state(worker)
    cells = {
        "Version": joined(
            element("span", class_="lane", aria_hidden="true"),
            element("span", "none" if number is None else str(number)),
            None if number is None else digest(worker.digest),
        ),
        "State": joined(
            element("span", _STATES[state], class_="state"),
            *(element("span", note, class_="note") for note in _notes(worker)),
        ),
        "Took it": joined(*_taken(worker)),
        "Started": time(worker.started_at),
    }
    return element(
        "tr",
        element("th", str(worker.pid), scope="row", role="rowheader"),
        *(
            element("td", element("div", value), role="cell", data_label=label)
            for label, value in cells.items()
        ),
        role="row",
        data_key=f"worker {worker.pid}",
        data_state=state,
        data_version="" if number is None else number,
    )


def _state(worker: Worker) -> str:
    if worker.version is None:
        return "none"
    if worker.is_behind:
        return "behind"
    return "restart" if worker.needs_restart else "live"


def _notes(worker: Worker) -> Iterator[str]:
    callbacks = worker.callbacks
    if worker.is_dirty:
        yield "dirty worker"
    if worker.stale_since:
        yield "cannot read the newest version"
    if worker.has_other_class:
        yield "has another class than the publisher"
    if callbacks.failures:
        yield f"{counted(callbacks.failures, 'callback')} failed"
    if callbacks.slow:
        yield f"{counted(callbacks.slow, 'callback')} took long"
    if callbacks.running_since:
        yield "a callback is running"


def _taken(worker: Worker) -> Iterator[Markup]:
    """Say when the worker took its version, and how fast if it was waiting for it."""
    if worker.taken_at is None:
        return
    yield time(worker.taken_at)
    if worker.delay_ms is None:
        yield element("span", "at its start", class_="note")
    else:
        yield element("span", "after ", duration(worker.delay_ms), class_="note")


def history(entries: Sequence[Entry]) -> Markup:
    """Return the timeline of publications and rejections, newest first."""
    empty = element("p", "Nothing was published or rejected yet.", class_="note")
    timeline = element("ol", *map(_entry, entries), class_="timeline")
    return section("history", "History", timeline if entries else empty)


def _entry(entry: Entry) -> Markup:
    is_published = entry.kind == "published"
    verb = "published" if is_published else "stayed, an edit was rejected"
    number = entry.version
    heading = f"Version {number} {verb}" if number else "Rejected, no version yet"
    return element(
        "li",
        element("h3", heading),
        element(
            "p",
            time(entry.at),
            *_entry_notes(entry),
            class_="note",
        ),
        element("p", *_problem(entry.error)) if entry.error else None,
        *_changes(entry),
        data_key=f"{entry.kind} {entry.at}",
        data_kind=entry.kind,
    )


def _entry_notes(entry: Entry) -> Iterator[Child]:
    yield ", in "
    yield duration(entry.duration_ms)
    if entry.origin != "source":
        yield f", from the {entry.origin}"
    if entry.digest:
        yield " · "
        yield digest(entry.digest)
    if entry.restart_keys:
        yield " · needs a restart"


def _changes(entry: Entry) -> Iterator[Markup]:
    changes = entry.changes
    shown, folded = changes[:_CHANGES_SHOWN_MAX], changes[_CHANGES_SHOWN_MAX:]
    more = entry.changed_count - len(shown)
    left_out = more - len(folded)
    if shown:
        yield element("dl", *map(_change, shown), class_="changes")
    elif more:
        yield element("p", f"{counted(more, 'change')}.")
    if folded:
        yield element(
            "details",
            element("summary", counted(more, "more change")),
            element("dl", *map(_change, folded), class_="changes"),
            element("p", f"{left_out:,} are not kept.") if left_out else None,
        )


def _change(change: Change) -> Markup:
    old, new = change.old, change.new
    return element(
        "div",
        element("dt", code(cut(change.key, _CHANGE_CHARACTERS_MAX))),
        element("dd", _value("del", "before: ", old)) if old is not None else None,
        element("dd", _value("ins", "now: ", new)) if new is not None else None,
    )


def _value(name: str, spoken: str, text: str) -> Markup:
    return element(
        name,
        element("span", spoken, class_="spoken"),
        code(cut(text, _CHANGE_CHARACTERS_MAX)),
    )
