"""
A config with its version, as one worker holds it.

Owns: the value that the application works with.
Must not know: where it comes from.
Runs in: every worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Snapshot(Generic[T]):
    """
    A config with its version. It never changes, however long it is kept.

    Example::

        snapshot = manager.snapshot()
        log.info("serving version %d", snapshot.version)

    Attributes:
        config: the frozen config.
        version: counts publications from 1, through restarts of the publisher.
        digest: `sha256:` and 64 hexadecimal digits, equal in every pod.
    """

    config: T
    version: int
    digest: str
