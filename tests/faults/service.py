"""
The reference service with a config that takes its time to be parsed.

Owns: the schema with the padding, and the two applications for it.
Must not know: which faults there are.
Runs in: the publisher (the schema) and the workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from liveconfig.manager import ConfigManager
from liveconfig.service.admin import create_admin_app
from liveconfig.service.app import create_public_app
from liveconfig.service.config import ServiceConfig
from liveconfig.settings import Settings


class PaddedConfig(ServiceConfig, frozen=True):
    """
    What the reference service serves, and much that it does not.

    Attributes:
        padding: anything.
    """

    padding: Mapping[str, str] = {}


manager: ConfigManager[Any] = ConfigManager(PaddedConfig)
_admin_port = str(Settings.from_environ().admin_port)
_public_app = create_public_app(manager)
_admin_app = create_admin_app(manager)


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request, by the port it came in on."""
    if environ["SERVER_PORT"] == _admin_port:
        return _admin_app(environ, start_response)
    return _public_app(environ, start_response)
