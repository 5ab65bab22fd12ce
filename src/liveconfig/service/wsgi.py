"""
The entry point of a worker: `liveconfig.service.wsgi:app`.

Owns: the manager of the service, and which port gets which application.
Must not know: the routes.
Runs in: every worker; with `--preload` it is imported in the master.
"""

from __future__ import annotations

from liveconfig.service.admin import create_admin_app
from liveconfig.service.app import create_public_app
from liveconfig.service.config import ServiceConfig
from liveconfig.service.ports import by_port
from liveconfig.settings import Settings
from liveconfig.worker.manager import ConfigManager

manager: ConfigManager[ServiceConfig] = ConfigManager(ServiceConfig)

_settings = Settings.from_environ()

app = by_port(
    create_public_app(manager),
    {
        _settings.admin_port: create_admin_app(manager, _settings.admin_names.split()),
    },
)
