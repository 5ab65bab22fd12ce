"""
The entry point of a worker: `liveconfig.service.wsgi:app`.

Owns: which port gets which application.
Must not know: the routes.
Runs in: every worker; with `--preload` it is imported in the master.

The port is the listener's own, which gunicorn puts into the environ. No header and no
spelling of a path leads from the public port to the operators' routes: the public
application does not have them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from liveconfig.manager import ConfigManager
from liveconfig.service.admin import create_admin_app
from liveconfig.service.app import create_public_app
from liveconfig.service.config import ServiceConfig
from liveconfig.settings import Settings

manager: ConfigManager[ServiceConfig] = ConfigManager(ServiceConfig)
_admin_port = str(Settings.from_environ().admin_port)
_public_app = create_public_app(manager)
_admin_app = create_admin_app(manager)


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request, by the port it came in on."""
    if environ["SERVER_PORT"] == _admin_port:
        return _admin_app(environ, start_response)
    return _public_app(environ, start_response)
