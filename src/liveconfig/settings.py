"""
The process's own settings, read once from the environment.

Owns: the names, defaults and limits of every environment variable.
Must not know: what the settings are used for.
Runs in: the entry points of the gunicorn master, a worker, the publisher and the CLI.

This is the only module that reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from liveconfig.errors import StartupError

# Nothing can be sent to the addresses that mean "all of this machine's".
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True)
class Settings:
    """
    What the operator can set, with the defaults.

    Attributes:
        path: the config file or directory.
        schema: `module:Class` of the config type, or "" for a plain mapping.
        host: the address both ports are bound to.
        port: the public port.
        admin_port: the operators' port.
        workers: worker processes of the reference service.
        settle_ms: how long plain writes must be quiet before they are read.
        poll_seconds: how often the source is read although no event came.
        payload_bytes_max: the largest config, both as source and as record payload.
        on_missing: `fail`, `defaults` or `wait`: what a start without a source does.
        cache_dir: where the last good config is kept over restarts, or "" for nowhere.
    """

    path: str = "conf/config.yaml"
    schema: str = ""
    host: str = "127.0.0.1"
    port: int = 8080
    admin_port: int = 9090
    workers: int = 4
    settle_ms: int = 50
    poll_seconds: int = 60
    payload_bytes_max: int = 4 * 1024 * 1024
    on_missing: str = "fail"
    cache_dir: str = ""

    @property
    def address(self) -> str:
        """What the public port is bound to, as gunicorn writes it."""
        return _address(self.host, self.port)

    @property
    def admin_address(self) -> str:
        """What the operators' port is bound to, as gunicorn writes it."""
        return _address(self.host, self.admin_port)

    @property
    def admin_url(self) -> str:
        """Where a process beside the service finds the operators' port."""
        host = _LOOPBACK.get(self.host, self.host)
        return f"http://{_address(host, self.admin_port)}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """
        Read the settings from `environ`, by default the environment of the process.

        An empty variable counts as unset.

        Raises:
            StartupError: a value is not what its variable takes; nothing is kept.
        """
        values = os.environ if environ is None else environ
        settings = cls(
            path=values.get("LIVECONFIG_PATH") or cls.path,
            schema=values.get("LIVECONFIG_SCHEMA") or cls.schema,
            host=values.get("HOST") or cls.host,
            port=_whole_number(values, "PORT", cls.port, 1, 65535),
            admin_port=_whole_number(
                values, "LIVECONFIG_ADMIN_PORT", cls.admin_port, 1, 65535
            ),
            workers=_whole_number(values, "WEB_CONCURRENCY", cls.workers, 1, 1024),
            settle_ms=_whole_number(
                values, "LIVECONFIG_SETTLE_MS", cls.settle_ms, 0, 60_000
            ),
            poll_seconds=_whole_number(
                values, "LIVECONFIG_POLL_SECONDS", cls.poll_seconds, 1, 86_400
            ),
            payload_bytes_max=_whole_number(
                values,
                "LIVECONFIG_PAYLOAD_BYTES_MAX",
                cls.payload_bytes_max,
                1024,
                1024**3,
            ),
            on_missing=_one_of(
                values,
                "LIVECONFIG_ON_MISSING",
                cls.on_missing,
                ("fail", "defaults", "wait"),
            ),
            cache_dir=values.get("LIVECONFIG_CACHE_DIR") or cls.cache_dir,
        )
        if settings.port == settings.admin_port:
            raise StartupError(
                f"PORT and LIVECONFIG_ADMIN_PORT are both {settings.port}: "
                "give the operators' port a number of its own"
            )
        return settings


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _whole_number(
    values: Mapping[str, str], name: str, default: int, least: int, most: int
) -> int:
    text = values.get(name) or str(default)
    # No more digits than the largest limit has: int() of thousands is an error.
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if is_number and least <= int(text) <= most:
        return int(text)
    raise StartupError(
        f"{name} is {text!r}: it takes a whole number from {least} to {most}"
    )


def _one_of(
    values: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]
) -> str:
    text = values.get(name) or default
    if text in choices:
        return text
    raise StartupError(f"{name} is {text!r}: it takes {' or '.join(choices)}")
