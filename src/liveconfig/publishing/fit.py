"""
Whether a schema fits what is there, before anything is made to depend on it.

Owns: which of two configs would be live under it, and the words where neither fits.
Must not know: who asks, and what comes of the answer.
Runs in: a publisher that is to take the place of another.
"""

from __future__ import annotations

import os
from typing import Any

from liveconfig.errors import (
    CorruptRecordError,
    InvalidConfigError,
    LiveconfigError,
    PayloadTooLargeError,
    SourceUnavailableError,
    StartupError,
    UnfitConfigError,
)
from liveconfig.memory.record import Record
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import NO_DOCUMENTS, load
from liveconfig.reading.source import Source
from liveconfig.schema.schema import Schema
from liveconfig.settings import Settings


def require_fit(settings: Settings, schema: Schema[Any], descriptor: int) -> None:
    """
    Return if there is a config of this schema: the live one, or else in the source.

    Args:
        settings: where the source is, and its limits.
        schema: what workers are about to be given.
        descriptor: of the record of configs, which stays the caller's.

    Raises:
        StartupError: workers of this schema would have nothing to serve.
    """
    of_live = _misfit_of_live(schema, descriptor)
    if of_live is None:
        return
    of_source = _misfit_of_source(settings, schema)
    if of_source is not None:
        raise StartupError(
            f"what is live does not fit any more ({of_live}), and the source has "
            f"nothing that does ({of_source})"
        )


def _misfit_of_live(schema: Schema[Any], descriptor: int) -> LiveconfigError | None:
    record = Record(os.dup(descriptor))
    try:
        publication = record.read()
        # Where nothing is live there is nothing to lose.
        if publication is not None:
            schema.unpack(publication.payload)
    except (CorruptRecordError, UnfitConfigError) as error:
        return error
    finally:
        record.close()
    return None


def _misfit_of_source(
    settings: Settings, schema: Schema[Any]
) -> LiveconfigError | None:
    try:
        reading = Source(settings.path, settings.payload_bytes_max).read()
        limits = Limits(bytes_max=settings.payload_bytes_max)
        load(reading.files, schema, limits, NO_DOCUMENTS)
    except (InvalidConfigError, PayloadTooLargeError, SourceUnavailableError) as error:
        return error
    return None
