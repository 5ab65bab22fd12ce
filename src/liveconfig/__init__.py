"""
liveconfig: one config, every gunicorn worker, live.

Owns: the public names of the package, each loaded at its first use.
Must not know: anything else.
Runs in: everywhere; a worker that asks for `ConfigManager` never loads the watcher.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liveconfig.errors import (
        InvalidConfigError,
        LiveconfigError,
        NoConfigYetError,
        PublicValueError,
        StartupError,
        VersionNotReachedError,
    )
    from liveconfig.operators.metrics import MetricsCollector
    from liveconfig.schema.schema import NEEDS_RESTART, Secret
    from liveconfig.watch.watcher import FileWatcher
    from liveconfig.worker.manager import ConfigManager
    from liveconfig.worker.snapshot import Snapshot

__all__ = [
    "NEEDS_RESTART",
    "ConfigManager",
    "FileWatcher",
    "InvalidConfigError",
    "LiveconfigError",
    "MetricsCollector",
    "NoConfigYetError",
    "PublicValueError",
    "Secret",
    "Snapshot",
    "StartupError",
    "VersionNotReachedError",
]

_HOME = {
    "NEEDS_RESTART": "schema.schema",
    "ConfigManager": "worker.manager",
    "FileWatcher": "watch.watcher",
    "InvalidConfigError": "errors",
    "LiveconfigError": "errors",
    "MetricsCollector": "operators.metrics",
    "NoConfigYetError": "errors",
    "PublicValueError": "errors",
    "Secret": "schema.schema",
    "Snapshot": "worker.snapshot",
    "StartupError": "errors",
    "VersionNotReachedError": "errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
