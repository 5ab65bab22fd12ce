"""
Status documents as `/status` answers them, for tests that need no service.

Owns: one document of a healthy service, and what changes in it when something is wrong.
Must not know: how it is shown.
Runs in: the test process.

They are made of the classes of the real one, and handed out as the JSON of it, so that
a test may change whatever it likes; `as_status` reads that back.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from msgspec import Struct, to_builtins

from liveconfig.masking.excerpt import ExcerptLine
from liveconfig.memory.status import Problem
from liveconfig.schema.changes import Change
from liveconfig.status import document
from liveconfig.status.document import Status

_NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)

DIGEST = "sha256:" + "3fa9c1b7" * 8
_SCHEMA_DIGEST = "00000000000000ab"


def _at(seconds: float) -> datetime:
    return _NOON + timedelta(seconds=seconds)


def at(seconds: float) -> str:
    """Return a time as the document has it, so many seconds after noon."""
    return _at(seconds).isoformat()


def as_status(made: dict[str, Any]) -> Status:
    """Return a document as whoever reads it has it."""
    return Status.from_json(json.dumps(made).encode())


def _json(made: Struct, changes: dict[str, Any]) -> dict[str, Any]:
    plain = to_builtins(made, builtin_types=(datetime,))
    return {**json.loads(json.dumps(plain, default=datetime.isoformat)), **changes}


def status_document(**changes: Any) -> dict[str, Any]:
    """Return the document of a healthy service with two workers, and `changes`."""
    healthy = Status(
        version=3,
        digest=DIGEST,
        published_at=_at(0.0019),
        changed_at=_at(0),
        changed_keys=("message",),
        changed_count=1,
        unknown_keys=(),
        unknown_count=0,
        restart_keys=(),
        origin="source",
        converged=True,
        delays=document.Delays(publisher_ms=1.9, last_worker_ms=0.7),
        source=document.Source("/etc/config/config.yaml", None),
        rejected=None,
        publisher=document.Publisher(
            pid=12,
            state="running",
            mode="inotify",
            started_at=_at(-3600),
            starts=1,
            checked_at=_at(0),
            schema_digest=_SCHEMA_DIGEST,
        ),
        workers=(_worker(21), _worker(22)),
        history=(_published(),),
        worker=document.Answering(21, 3, DIGEST, None),
    )
    return _json(healthy, changes)


def _worker(pid: int) -> document.Worker:
    return document.Worker(
        pid=pid,
        started_at=_at(-3590),
        version=3,
        digest=DIGEST,
        is_behind=False,
        taken_at=_at(0.0026),
        delay_ms=0.7,
        stale_since=None,
        needs_restart=False,
        callbacks=document.Callbacks(failures=0, slow=0, running_since=None),
        schema_digest=_SCHEMA_DIGEST,
    )


def worker(pid: int, **changes: Any) -> dict[str, Any]:
    """Return the row of a worker that serves the newest version, and `changes`."""
    return _json(_worker(pid), changes)


def _published() -> document.Entry:
    return document.Entry(
        kind="published",
        at=_at(0.0019),
        version=3,
        digest=DIGEST,
        origin="source",
        changed_at=_at(0),
        duration_ms=1.4,
        changes=(Change("message", '"Hello World"', '"Hello Grandma"'),),
        changed_count=1,
        restart_keys=(),
        error=None,
    )


def published(**changes: Any) -> dict[str, Any]:
    """Return the publication of version 3 in the history, and `changes`."""
    return _json(_published(), changes)


def change(key: str, old: str | None, new: str | None) -> dict[str, Any]:
    """Return one change of a publication."""
    return _json(Change(key, old, new), {})


def _error() -> Problem:
    return Problem(
        path="/etc/config/config.yaml",
        line=2,
        column=12,
        key="log_level",
        problem="must be one of debug, info, warning, error, critical",
    )


def error(**changes: Any) -> dict[str, Any]:
    """Return why a candidate was rejected, and `changes`."""
    return _json(_error(), changes)


def rejected(**changes: Any) -> dict[str, Any]:
    """Return a rejected candidate with its text, and `changes`."""
    candidate = document.Rejected(
        digest="sha256:" + "0b" * 32,
        error=_error(),
        since=_at(60),
        tries=2,
        excerpt=(
            ExcerptLine(1, "message: Hello Grandma"),
            ExcerptLine(2, "log_level: loud", 12),
            ExcerptLine(3, "# the end"),
        ),
    )
    return _json(candidate, changes)


def trial(**changes: Any) -> dict[str, Any]:
    """Return the trial of version 3, which nothing failed in yet, and `changes`."""
    made = document.Trial(
        version=3,
        digest=DIGEST,
        mode="watch",
        began_at=_at(0.0019),
        seconds_left=12,
        requests=1400,
        failures=0,
    )
    return _json(made, changes)


def withdrawn(**changes: Any) -> dict[str, Any]:
    """Return version 2, which was taken back for its requests, and `changes`."""
    made = document.Withdrawn(
        version=2,
        digest="sha256:" + "0b" * 32,
        since=_at(-1),
        reason="24 of 24 requests failed, 0 of 1400 before",
        requests=24,
        failures=24,
        share=1.0,
        share_before=0.0,
        deaths=0,
    )
    return _json(made, changes)


def proven(**changes: Any) -> dict[str, Any]:
    """Return that version 3 is proven, and `changes`."""
    return _json(document.Proven(version=3, digest=DIGEST, at=_at(30)), changes)


def rejection(**changes: Any) -> dict[str, Any]:
    """Return a rejection in the history, and `changes`."""
    entry = published(kind="rejected", at=at(60), changes=[], changed_count=0)
    return {**entry, "error": error(), "duration_ms": 0.8, **changes}


def hostile(text: str) -> dict[str, Any]:
    """Return changes that put `text` wherever somebody else's text may stand."""
    excerpt = {"line": 1, "text": text, "column": 2}
    problem = error(path=text, key=text, problem=text, line=1, column=2)
    return {
        "source": {"path": text, "missing": {"problem": text, "since": at(0)}},
        "rejected": rejected(error=problem, excerpt=[excerpt]),
        "withdrawn": withdrawn(digest=text, reason=text),
        "history": [
            rejection(error=problem),
            published(changes=[change(text, text, text)]),
        ],
        "unknown_keys": [text],
        "unknown_count": 1,
        "warnings": [text],
        "restart_keys": [text],
        "workers": [worker(21, needs_restart=True)],
    }
