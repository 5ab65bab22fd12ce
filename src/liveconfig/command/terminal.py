"""
The status of a pod as text for a terminal.

Owns: what is shown, in which order and words; the frames of a text that changes.
Must not know: where the status comes from, when it is asked for.
Runs in: the CLI.

Plain text in 80 columns: no colours, and times as they are but for what is left of a
trial, so that a text changes only when the pod does. All that comes from the service is
printable already.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TextIO

from liveconfig.errors import listed, shortened
from liveconfig.schema.changes import Change
from liveconfig.status.document import Entry, Rejected, Status, Trial, Withdrawn, Worker
from liveconfig.status.verdict import Verdict, counted, judge

_COLUMNS, _ROWS = 80, 24
# The longest label, and two blanks.
_LABEL = 11

# So that nearly all pods fit on one screen.
_LISTED_MAX = 5
_ENTRIES_MAX = 8
_CHANGES_MAX = 3

_HOME, _END_LINE, _END_SCREEN = "\x1b[H", "\x1b[K\n", "\x1b[J"


class Screen:
    """Frames: on a terminal one in the place of the other, in a pipe one by one."""

    def __init__(self, out: TextIO) -> None:
        """Show frames on `out`."""
        self._out = out
        self._shown: Sequence[str] = ()

    def size(self) -> tuple[int, int]:
        """Return columns and rows; a pipe has 80 columns."""
        if not self._out.isatty():
            return _COLUMNS, _ROWS
        size = os.get_terminal_size(self._out.fileno())
        # A terminal that nobody looks at, as in some pipelines, says 0.
        return size.columns or _COLUMNS, size.lines or _ROWS

    def show(self, lines: Sequence[str]) -> None:
        """Show `lines`, if they are not what is shown."""
        if lines == self._shown:
            return
        if self._out.isatty():
            self._out.write(self._frame(lines))
        else:
            self._out.writelines(f"{line}\n" for line in (*lines, "", ""))
        self._out.flush()
        self._shown = lines

    def _frame(self, lines: Sequence[str]) -> str:
        rows = self.size()[1] - 1
        if len(lines) > rows:
            lines = [*lines[: rows - 1], f"({len(lines) - rows + 1} more lines)"]
        # Without erasing first: it would flicker.
        return _HOME + "".join(line + _END_LINE for line in lines) + _END_SCREEN


def rendered(status: Status, columns: int = _COLUMNS) -> list[str]:
    """Return the lines that say all of a pod."""
    verdict = judge(status)
    lines = [*_wrapped(verdict.headline, columns, 0)]
    if status.digest:
        lines.append(status.digest)
    for finding in _findings(verdict):
        lines += _wrapped(finding, columns, 2)
    lines.append("")
    for label, text in _facts(status):
        lines += _wrapped(f"{label:<{_LABEL}}{text}", columns, _LABEL)
    if status.rejected is not None:
        lines += ["", *_rejected(status.rejected, columns)]
    if status.withdrawn is not None:
        lines += ["", *_withdrawn(status.withdrawn, columns)]
    lines += ["", "    PID  VERSION  SINCE                     STATE"]
    for worker in status.workers:
        lines += _wrapped(_worker(worker, status.trial), columns, 18)
    lines += ["", "HISTORY"]
    for entry in status.history[:_ENTRIES_MAX]:
        lines += _entry(entry, columns)
    return [shortened(line, columns) for line in lines]


def _findings(verdict: Verdict) -> Iterator[str]:
    for number, finding in enumerate(verdict.findings):
        mark = "!" if finding.level == "trouble" else "-"
        # The headline of the first one stands above all of this already.
        headline = f"{finding.headline}. " if number else ""
        yield f"{mark} {headline}{finding.detail}"


def _facts(status: Status) -> Iterator[tuple[str, str]]:
    yield "since", _time(status.published_at) + _origin(status.origin)
    if status.changed_keys:
        yield "changed", listed(status.changed_keys, _LISTED_MAX, status.changed_count)
    if status.unknown_keys:
        yield "unknown", listed(status.unknown_keys, _LISTED_MAX, status.unknown_count)
    if status.restart_keys:
        keys = listed(status.restart_keys, _LISTED_MAX)
        yield "restart", f"{keys}: in effect after a restart"
    yield from _trial(status)
    yield "delays", ", ".join(_delays(status))
    publisher = status.publisher
    process = f"pid {publisher.pid or '-'}, start {publisher.starts}"
    started = f"{publisher.state} since {_time(publisher.started_at)}"
    yield "publisher", f"{started}, by {publisher.mode or '-'}, {process}"
    if publisher.mode_reason:
        yield "polling", f"once a second: {publisher.mode_reason}"
    yield "source", status.source.path
    missing = status.source.missing
    if missing is not None:
        yield "missing", f"since {_time(missing.since)}: {missing.problem}"


def _trial(status: Status) -> Iterator[tuple[str, str]]:
    trial, proven = status.trial, status.proven
    if trial is None:
        return
    failed = f"{trial.failures:,} of {counted(trial.requests, 'request')} failed"
    yield "trial", f"{failed} since {_time(trial.began_at)}"
    if proven is not None:
        which = f"version {proven.version}" if proven.version else proven.digest
        yield "proven", f"{which}, which comes back if the trial fails"


def _origin(origin: str) -> str:
    return "" if origin == "source" else f", from the {origin}"


def _delays(status: Status) -> Iterator[str]:
    delays = status.delays
    yield f"flip {_time(status.changed_at, 'milliseconds')}"
    yield f"publisher {_milliseconds(delays.publisher_ms)}"
    yield f"last worker {_milliseconds(delays.last_worker_ms)}"


def _rejected(rejected: Rejected, columns: int) -> Iterator[str]:
    yield f"REJECTED since {_time(rejected.since)}, seen {_times(rejected.tries)}"
    yield from _wrapped(f"  {rejected.error.as_exception()}", columns, 4)
    for line in rejected.excerpt:
        mark = ">" if line.line == rejected.error.line else " "
        yield f"{mark}{line.line:>6}  {line.text}"


def _withdrawn(withdrawn: Withdrawn, columns: int) -> Iterator[str]:
    version = f", version {withdrawn.version}" if withdrawn.version else ""
    yield f"WITHDRAWN since {_time(withdrawn.since)}{version}"
    yield f"  {withdrawn.digest}"
    yield from _wrapped(f"  {withdrawn.reason}", columns, 4)


def _worker(worker: Worker, trial: Trial | None) -> str:
    version = worker.version or "-"
    since = _time(worker.taken_at, "milliseconds")
    states = ", ".join(_states(worker, trial))
    return f"{worker.pid:>7}  {version:>7}  {since:<24}  {states}"


def _states(worker: Worker, trial: Trial | None) -> Iterator[str]:
    if worker.version is None:
        yield "no config yet"
    else:
        yield "behind" if worker.is_behind else "current"
    if worker.is_dirty:
        yield "dirty worker"
    if worker.stale_since is not None:
        yield f"stale since {_time(worker.stale_since)}"
    if worker.needs_restart:
        yield "needs a restart"
    if worker.has_other_class:
        yield "has another class than the publisher"
    if trial is not None and trial.worker == worker.pid:
        yield "tries it for all"
    if trial is not None and not (worker.counts_requests or worker.is_dirty):
        yield "requests are not counted"
    callbacks = worker.callbacks
    if callbacks.failures:
        yield f"callbacks failed {_times(callbacks.failures)}"
    if callbacks.slow:
        yield f"callbacks slow {_times(callbacks.slow)}"
    if callbacks.running_since is not None:
        yield f"a callback runs since {_time(callbacks.running_since)}"


def _entry(entry: Entry, columns: int) -> Iterator[str]:
    what = f"{entry.kind} in {entry.duration_ms:.1f} ms"
    if entry.reason:
        what = f"{entry.kind}: {entry.reason}"
        if entry.kind == "published":
            what = "published: what has passed its trial"
    line = f"{_time(entry.at)}  version {entry.version}"
    if entry.error is not None:
        stays = f"{line} stays" if entry.version else f"{_time(entry.at)}  no version"
        line, what = stays, f"{what}: {entry.error.as_exception()}"
    yield from _wrapped(f"{line}  {what}", columns, 4)
    for change in entry.changes[:_CHANGES_MAX]:
        yield f"    {_change(change)}"
    more = entry.changed_count - min(len(entry.changes), _CHANGES_MAX)
    if more > 0:
        yield f"    and {more} more"


def _change(change: Change) -> str:
    if change.old is None:
        return f"{change.key} added: {change.new}"
    if change.new is None:
        return f"{change.key} removed: {change.old}"
    return f"{change.key}: {change.old} -> {change.new}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _milliseconds(number: float | None) -> str:
    return "-" if number is None else f"{number:.1f} ms"


def _time(time: datetime | None, timespec: str = "seconds") -> str:
    if time is None:
        return "-"
    return time.isoformat(" ", timespec).replace("+00:00", "Z")


def _wrapped(text: str, columns: int, indent: int) -> Iterable[str]:
    return textwrap.wrap(
        text,
        columns,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
