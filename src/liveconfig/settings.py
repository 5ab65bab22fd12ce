"""
The process's own settings, read once from the environment.

Owns: the names, defaults and limits of every environment variable.
Must not know: what the settings are used for.
Runs in: the entry points of the gunicorn master, a worker, the publisher and the CLI.

This is the only module that reads the environment.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass

from liveconfig.errors import StartupError

# Nothing can be sent to the addresses that mean "all of this machine's".
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}

# What Kubernetes puts into a pod for each Service of its namespace. For one by the name
# of liveconfig-admin the variable has the name of a setting, and is none.
_SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://", re.A)

# A name, a domain with all that is under it, or any.
_NAME = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\*", re.A)


@dataclass(frozen=True)
class Settings:
    """
    What the operator can set, with the defaults.

    Attributes:
        path: the config file or directory.
        schema: `module:Class` of the config type, or "" for a plain mapping.
        admin_host: the address that the operators' port is bound to.
        admin_port: the operators' port.
        admin_names: under which it may be asked, beside those that are safe anyway.
        settle_ms: how long plain writes must be quiet before they are read.
        poll_seconds: how often the source is read although no event came.
        payload_bytes_max: the largest config, both as source and as record payload.
        nodes_max: the most keys, values and lists of a config, with aliases expanded.
        on_missing: `fail`, `defaults` or `wait`: what a start without a source does.
        cache_dir: where the last good config is kept over restarts, or "" for nowhere.
    """

    path: str = "conf/config.yaml"
    schema: str = ""
    admin_host: str = "127.0.0.1"
    admin_port: int = 9090
    admin_names: str = ""
    settle_ms: int = 50
    poll_seconds: int = 60
    payload_bytes_max: int = 4 * 1024 * 1024
    nodes_max: int = 150_000
    on_missing: str = "fail"
    cache_dir: str = ""

    @property
    def admin_address(self) -> str:
        """What the operators' port is bound to, as gunicorn writes it."""
        return address(self.admin_host, self.admin_port)

    @property
    def admin_url(self) -> str:
        """Where a process beside the service finds the operators' port."""
        host = _LOOPBACK.get(self.admin_host, self.admin_host)
        return f"http://{address(host, self.admin_port)}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """
        Read the settings from `environ`, by default the environment of the process.

        An empty variable counts as unset.

        Raises:
            StartupError: a value is not what its variable takes; nothing is kept.
        """
        values = os.environ if environ is None else environ
        return cls(
            path=values.get("LIVECONFIG_PATH") or cls.path,
            schema=values.get("LIVECONFIG_SCHEMA") or cls.schema,
            admin_host=values.get("LIVECONFIG_ADMIN_HOST") or cls.admin_host,
            admin_port=whole_number(
                values, "LIVECONFIG_ADMIN_PORT", cls.admin_port, 1, 65535
            ),
            admin_names=_names(values, "LIVECONFIG_ADMIN_NAMES", cls.admin_names),
            settle_ms=whole_number(
                values, "LIVECONFIG_SETTLE_MS", cls.settle_ms, 0, 60_000
            ),
            poll_seconds=whole_number(
                values, "LIVECONFIG_POLL_SECONDS", cls.poll_seconds, 1, 86_400
            ),
            payload_bytes_max=whole_number(
                values,
                "LIVECONFIG_PAYLOAD_BYTES_MAX",
                cls.payload_bytes_max,
                1024,
                1024**3,
            ),
            nodes_max=whole_number(
                values, "LIVECONFIG_NODES_MAX", cls.nodes_max, 100, 100_000_000
            ),
            on_missing=_one_of(
                values,
                "LIVECONFIG_ON_MISSING",
                cls.on_missing,
                ("fail", "defaults", "wait"),
            ),
            cache_dir=values.get("LIVECONFIG_CACHE_DIR") or cls.cache_dir,
        )


@contextlib.contextmanager
def kept_environ() -> Iterator[MutableMapping[str, str]]:
    """Hand out the environment, and put it back as it was at the end."""
    before = dict(os.environ)
    try:
        yield os.environ
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def address(host: str, port: int) -> str:
    """Return a host and a port as gunicorn and URLs write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def whole_number(
    values: Mapping[str, str], name: str, default: int, least: int, most: int
) -> int:
    """
    Return the number that a variable says, or the default if it says nothing.

    Raises:
        StartupError: it says something else.
    """
    text = values.get(name) or str(default)
    if _SERVICE_LINK.match(text):
        return default
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


def _names(values: Mapping[str, str], name: str, default: str) -> str:
    text = (values.get(name) or default).lower()
    for each in text.split():
        if not _NAME.fullmatch(each):
            raise StartupError(
                f"{name} has {each!r}: it takes names such as ops.example.com, "
                "separated by blanks, or *"
            )
    return text
