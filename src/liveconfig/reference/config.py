"""
The schema of the reference service.

Owns: the keys that `conf/config.yaml` may have.
Must not know: how they are read or served.
Runs in: the publisher, the workers and the CLI.
"""

from __future__ import annotations

from typing import Literal

import msgspec

LogLevel = Literal["debug", "info", "warning", "error", "critical"]


class ServiceConfig(msgspec.Struct, frozen=True):
    """
    What the reference service serves.

    Attributes:
        message: any text; it is the answer to `GET /`.
        log_level: of the workers' log, live; None leaves it to gunicorn.
    """

    message: str
    log_level: LogLevel | None = None
