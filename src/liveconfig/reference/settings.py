"""
The reference service's own settings, beside those of the library.

Owns: `HOST` and `PORT`.
Must not know: what any other service reads.
Runs in: the gunicorn master, in the config file of the reference service alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from liveconfig.errors import StartupError
from liveconfig.settings import Settings, address, whole_number


@dataclass(frozen=True)
class ServiceSettings(Settings):
    """
    What the operator of the reference service can set.

    Attributes:
        host: the address that the public port is bound to.
        port: the public port.
    """

    host: str = "127.0.0.1"
    port: int = 8080

    @property
    def address(self) -> str:
        """What the public port is bound to, as gunicorn writes it."""
        return address(self.host, self.port)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> ServiceSettings:
        """
        Read the settings from `environ`, by default the environment of the process.

        Raises:
            StartupError: a value is not what its variable takes; nothing is kept.
        """
        values = os.environ if environ is None else environ
        library = vars(Settings.from_environ(values))
        settings = cls(
            **library,
            host=values.get("HOST") or cls.host,
            port=whole_number(values, "PORT", cls.port, 1, 65535),
        )
        if settings.port == settings.admin_port:
            raise StartupError(
                f"PORT and LIVECONFIG_ADMIN_PORT are both {settings.port}: "
                "give the operators' port a number of its own"
            )
        return settings
