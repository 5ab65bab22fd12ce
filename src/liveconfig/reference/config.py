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

# A value on which the code fails, as any code does on some: to try a trial with.
FAILING_MESSAGE = "Fail on purpose"


class ServiceConfig(msgspec.Struct, frozen=True):
    """
    What the reference service serves.

    Attributes:
        message: any text; it is the answer to `GET /`. With `Fail on purpose` every
            answer is an error, to see how a config that hurts is taken back.
        log_level: of the workers' log, live; None leaves it to gunicorn.
    """

    message: str
    log_level: LogLevel | None = None
