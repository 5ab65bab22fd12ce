"""
One config, every gunicorn worker, live.

A service asks for the newest config once per unit of work:

    from liveconfig import ConfigManager

    manager = ConfigManager(ShopConfig)

    def handle(request):
        config = manager.get()

gunicorn's config file takes the hooks of `liveconfig.gunicorn` in.

Owns: the public names of the package, each loaded at its first use.
Must not know: anything else.
Runs in: everywhere; a worker that asks for `ConfigManager` never loads the watcher.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liveconfig.errors import (
        CorruptRecordError,
        InvalidConfigError,
        LiveconfigError,
        NoConfigYetError,
        NotBoundError,
        PublicValueError,
        StartupError,
        UnfitConfigError,
        VersionNotReachedError,
    )
    from liveconfig.falcon import SnapshotMiddleware
    from liveconfig.masking.secret import Secret
    from liveconfig.operators.admin import create_admin_app
    from liveconfig.operators.metrics import MetricsCollector
    from liveconfig.schema.marks import NEEDS_RESTART
    from liveconfig.watch.watcher import FileWatcher
    from liveconfig.worker.manager import ConfigManager
    from liveconfig.worker.snapshot import Snapshot
    from liveconfig.worker.subscription import Subscription
    from liveconfig.wsgi import by_port, when_configured

__all__ = [
    "NEEDS_RESTART",
    "ConfigManager",
    "CorruptRecordError",
    "FileWatcher",
    "InvalidConfigError",
    "LiveconfigError",
    "MetricsCollector",
    "NoConfigYetError",
    "NotBoundError",
    "PublicValueError",
    "Secret",
    "Snapshot",
    "SnapshotMiddleware",
    "StartupError",
    "Subscription",
    "UnfitConfigError",
    "VersionNotReachedError",
    "by_port",
    "create_admin_app",
    "when_configured",
]

_HOME = {
    "NEEDS_RESTART": "schema.marks",
    "ConfigManager": "worker.manager",
    "CorruptRecordError": "errors",
    "FileWatcher": "watch.watcher",
    "InvalidConfigError": "errors",
    "LiveconfigError": "errors",
    "MetricsCollector": "operators.metrics",
    "NoConfigYetError": "errors",
    "NotBoundError": "errors",
    "PublicValueError": "errors",
    "Secret": "masking.secret",
    "Snapshot": "worker.snapshot",
    "SnapshotMiddleware": "falcon",
    "StartupError": "errors",
    "Subscription": "worker.subscription",
    "UnfitConfigError": "errors",
    "VersionNotReachedError": "errors",
    "by_port": "wsgi",
    "create_admin_app": "operators.admin",
    "when_configured": "wsgi",
}


def __dir__() -> list[str]:
    return list(__all__)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
