"""
What a worker reads its config with, and why there is none to read.

Owns: which class a manager's configs are of.
Must not know: snapshots, who asks for them.
Runs in: every worker.
"""

from __future__ import annotations

from typing import Any

from liveconfig.errors import (
    CorruptRecordError,
    LiveconfigError,
    NoConfigYetError,
    NotBoundError,
)
from liveconfig.memory.shared import SharedMemory
from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings


def bound_schema(type_: type[Any] | None, shared: SharedMemory) -> Schema[Any]:
    """
    Return the schema of the configs that are published, for a manager of `type_`.

    The row of this worker says which one that is.

    Raises:
        NotBoundError: they are published for another class; no row says anything of it.
    """
    schema = _schema(type_, shared)
    if shared.workers.own is not None:
        shared.workers.own.note_schema(schema.identity)
    return schema


def _schema(type_: type[Any] | None, shared: SharedMemory) -> Schema[Any]:
    if type_ is None:
        return Schema.load(Settings.from_environ().schema)
    schema = Schema(type_)
    status = shared.publisher_status()
    if status is not None and status.schema != schema.name:
        raise NotBoundError(
            f"this ConfigManager is for {schema.name}, but the config is "
            f"published as {status.schema or 'a plain mapping'}: set "
            f"LIVECONFIG_SCHEMA={schema.name}"
        )
    return schema


def nothing_yet(shared: SharedMemory) -> LiveconfigError:
    """Return what it means that the record holds no version."""
    status = shared.publisher_status()
    # A version that the status names and that is not there was overwritten: the
    # publisher publishes it again.
    if status is None or status.version:
        return CorruptRecordError("the record holds nothing")
    return NoConfigYetError(status.trouble)
