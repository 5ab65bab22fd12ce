"""
Status documents as `/status` answers them, for tests that need no service.

Owns: one document of a healthy service, and what changes in it when something is wrong.
Must not know: how it is shown.
Runs in: the test process.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

_NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)

DIGEST = "sha256:" + "3fa9c1b7" * 8


def at(seconds: float) -> str:
    """Return a time as the document has it, so many seconds after noon."""
    return (_NOON + timedelta(seconds=seconds)).isoformat()


def status_document(**changes: Any) -> dict[str, Any]:
    """Return the document of a healthy service with two workers, and `changes`."""
    document: dict[str, Any] = {
        "version": 3,
        "digest": DIGEST,
        "since": at(0.0019),
        "changed_at": at(0),
        "changed_keys": ["message"],
        "changed_count": 1,
        "unknown_keys": [],
        "unknown_count": 0,
        "origin": "source",
        "restart_keys": [],
        "source": {"path": "/etc/config/config.yaml", "missing": None},
        "rejected": None,
        "publisher": {
            "pid": 12,
            "state": "running",
            "mode": "inotify",
            "mode_reason": "",
            "started_at": at(-3600),
            "starts": 1,
            "checked_at": at(0),
        },
        "converged": True,
        "delays": {
            "flipped_at": at(0),
            "published_at": at(0.0019),
            "publisher_ms": 1.9,
            "last_worker_ms": 0.7,
        },
        "workers": [worker(21), worker(22)],
        "history": [published()],
        "worker": {"pid": 21, "version": 3, "digest": DIGEST, "stale_since": None},
    }
    return {**document, **changes}


def worker(pid: int, **changes: Any) -> dict[str, Any]:
    """Return the row of a worker that serves the newest version, and `changes`."""
    row: dict[str, Any] = {
        "pid": pid,
        "started_at": at(-3590),
        "version": 3,
        "digest": DIGEST,
        "is_behind": False,
        "since": at(0.0026),
        "delay_ms": 0.7,
        "stale_since": None,
        "needs_restart": False,
        "callbacks": {"failures": 0, "slow": 0, "running_since": None},
    }
    return {**row, **changes}


def published(**changes: Any) -> dict[str, Any]:
    """Return the publication of version 3 in the history, and `changes`."""
    entry: dict[str, Any] = {
        "kind": "published",
        "at": at(0.0019),
        "version": 3,
        "digest": DIGEST,
        "origin": "source",
        "flipped_at": at(0),
        "duration_ms": 1.4,
        "changes": [change("message", '"Hello World"', '"Hello Grandma"')],
        "changed_count": 1,
        "restart_keys": [],
        "error": None,
    }
    return {**entry, **changes}


def change(key: str, old: str | None, new: str | None) -> dict[str, Any]:
    """Return one change of a publication."""
    return {"key": key, "old": old, "new": new}


def error(**changes: Any) -> dict[str, Any]:
    """Return why a candidate was rejected, and `changes`."""
    parts: dict[str, Any] = {
        "path": "/etc/config/config.yaml",
        "line": 2,
        "column": 12,
        "key": "log_level",
        "problem": "must be one of debug, info, warning, error, critical",
    }
    return {**parts, **changes}


def rejected(**changes: Any) -> dict[str, Any]:
    """Return a rejected candidate with its text, and `changes`."""
    candidate: dict[str, Any] = {
        "digest": "sha256:" + "0b" * 32,
        "error": error(),
        "since": at(60),
        "tries": 2,
        "excerpt": [
            {"line": 1, "text": "message: Hello Grandma", "column": 0},
            {"line": 2, "text": "log_level: loud", "column": 12},
            {"line": 3, "text": "# the end", "column": 0},
        ],
    }
    return {**candidate, **changes}


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
        "history": [
            rejection(error=problem),
            published(changes=[change(text, text, text)]),
        ],
        "unknown_keys": [text],
        "unknown_count": 1,
        "restart_keys": [text],
        "workers": [worker(21, needs_restart=True)],
    }
