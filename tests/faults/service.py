"""
The reference service with a config that takes its time to be parsed.

Owns: the schema with the padding, and the two applications for it.
Must not know: which faults there are.
Runs in: the publisher (the schema) and the workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from liveconfig.operators.admin import create_admin_app
from liveconfig.reference.app import create_public_app
from liveconfig.reference.config import ServiceConfig
from liveconfig.settings import Settings
from liveconfig.worker.manager import ConfigManager
from liveconfig.wsgi import by_port


class PaddedConfig(ServiceConfig, frozen=True):
    """
    What the reference service serves, and much that it does not.

    Attributes:
        padding: anything.
    """

    padding: Mapping[str, str] = {}


# A message over which the callback below fails.
HARMFUL = "harmful"


def _fail_if_harmful(old: Any, new: Any, changed: object) -> None:
    if new.config.message == HARMFUL:
        raise RuntimeError("the code has no such message")


manager: ConfigManager[Any] = ConfigManager(PaddedConfig)
manager.subscribe(_fail_if_harmful)
app = by_port(
    create_public_app(manager),
    {Settings.from_environ().admin_port: create_admin_app(manager)},
)
