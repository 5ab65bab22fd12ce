"""
The entry point of a worker: `liveconfig.reference.wsgi:app`.

Owns: the manager of the service, and which port gets which application.
Must not know: the routes.
Runs in: every worker; with `--preload` it is imported in the master.
"""

from __future__ import annotations

from liveconfig.operators.admin import create_admin_app
from liveconfig.reference.app import create_public_app
from liveconfig.reference.config import ServiceConfig
from liveconfig.settings import Settings
from liveconfig.worker.manager import ConfigManager
from liveconfig.wsgi import by_port

manager: ConfigManager[ServiceConfig] = ConfigManager(ServiceConfig)

_settings = Settings.from_environ()

app = by_port(
    create_public_app(manager),
    {
        _settings.admin_port: create_admin_app(manager, _settings.admin_names.split()),
    },
)
