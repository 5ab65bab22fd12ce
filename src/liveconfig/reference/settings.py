"""
The reference service's own settings, beside those of the library.

Owns: `HOST` and `PORT`.
Must not know: what any other service reads.
Runs in: the gunicorn master, in the config file of the reference service alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from liveconfig.errors import StartupError
from liveconfig.settings import Settings, Variable, address, setting, whole_number


@dataclass(frozen=True)
class ServiceSettings(Settings):
    """
    What the operator of the reference service can set.

    Raises:
        StartupError: both ports are the same one.
    """

    host: str = setting(
        Variable("HOST", "the address of its public port", "an address"), "127.0.0.1"
    )
    port: int = whole_number("PORT", 8080, 1, 65535, "its public port")

    def __post_init__(self) -> None:
        """Refuse one number for two ports."""
        if self.port == self.admin_port:
            raise StartupError(
                f"PORT and LIVECONFIG_ADMIN_PORT are both {self.port}: "
                "give the operators' port a number of its own"
            )

    @property
    def address(self) -> str:
        """What the public port is bound to, as gunicorn writes it."""
        return address(self.host, self.port)
