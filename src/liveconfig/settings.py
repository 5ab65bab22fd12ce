"""
The process's own settings, as the environment has them.

Owns: the name, meaning, default and limits of every environment variable.
Must not know: what the settings are used for.
Runs in: the entry points of the gunicorn master, a worker, the publisher and the CLI;
    in a worker also where a manager has no class, or the operators' port no names.

This is the only module that reads the environment, and it keeps nothing of it: a reload
may bring other values.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from liveconfig.errors import StartupError

# Nothing can be sent to the addresses that mean "all of this machine's".
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}

# What Kubernetes puts into a pod for each Service of its namespace. For one by the name
# of liveconfig-admin the variable has the name of a setting, and is none.
_SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://", re.A)

# How long a trial lasts, at most, and where nobody says so.
_TRIAL_SECONDS_MAX = 3600
TRIAL_SECONDS = 30
# Within so many a worker that hangs gets a request, is found out and ends.
_SECONDS_TO_DIE = 10

_DECIMAL = re.compile(r"\d{1,7}(\.\d{1,3})?", re.A)

# A name, a domain with all that is under it, or any.
_NAME = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\*", re.A)


S = TypeVar("S", bound="Settings")


@dataclass(frozen=True)
class Variable:
    """
    An environment variable that takes any text.

    Attributes:
        name: of the variable.
        meaning: what it is for, as the documentation has it.
        takes: what may stand in it.
    """

    name: str
    meaning: str
    takes: str = "a text"

    def value(self, text: str, default: Any) -> Any:
        """
        Return what a text that is not empty means.

        Raises:
            StartupError: nothing that this variable takes.
        """
        return text


@dataclass(frozen=True)
class WholeNumber(Variable):
    """An environment variable that takes a whole number between two limits."""

    least: int = 0
    most: int = 0

    def value(self, text: str, default: int | None) -> int | None:
        """Return the number, or the default for what is not meant as a setting."""
        if _SERVICE_LINK.match(text):
            return default
        # No more digits than the largest limit has: int() of thousands is an error.
        is_number = (
            text.isascii() and text.isdigit() and len(text) <= len(str(self.most))
        )
        if is_number and self.least <= int(text) <= self.most:
            return int(text)
        raise StartupError(f"{self.name} is {text!r}: it takes {self.takes}")


@dataclass(frozen=True)
class DecimalNumber(Variable):
    """An environment variable that takes a number between two limits."""

    least: float = 0
    most: float = 0

    def value(self, text: str, default: float | None) -> float:
        """Return the number."""
        if _DECIMAL.fullmatch(text) and self.least <= float(text) <= self.most:
            return float(text)
        raise StartupError(f"{self.name} is {text!r}: it takes {self.takes}")


@dataclass(frozen=True)
class _Choice(Variable):
    choices: tuple[str, ...] = ()

    def value(self, text: str, default: str) -> str:
        if text in self.choices:
            return text
        raise StartupError(f"{self.name} is {text!r}: it takes {self.takes}")


@dataclass(frozen=True)
class _Names(Variable):
    def value(self, text: str, default: str) -> str:
        names = text.lower()
        for each in names.split():
            if not _NAME.fullmatch(each):
                raise StartupError(f"{self.name} has {each!r}: it takes {self.takes}")
        return names


def setting(variable: Variable, default: Any) -> Any:
    """Return a field of `Settings` that a variable of the environment sets."""
    return field(default=default, metadata={"variable": variable})


def whole_number(
    name: str, default: int | None, least: int, most: int, meaning: str
) -> Any:
    """Return a field that a whole number in a variable of the environment sets."""
    takes = f"a whole number from {least} to {most}"
    return setting(WholeNumber(name, meaning, takes, least, most), default)


def _number(name: str, least: float, most: float, takes: str, meaning: str) -> Any:
    return setting(DecimalNumber(name, meaning, takes, least, most), None)


def _text(name: str, default: str, takes: str, meaning: str) -> Any:
    return setting(Variable(name, meaning, takes), default)


def _choice(name: str, default: str, choices: tuple[str, ...], meaning: str) -> Any:
    return setting(_Choice(name, meaning, " or ".join(choices), choices), default)


@dataclass(frozen=True)
class Settings:
    """What the operator can set, with the defaults; each variable says what for."""

    path: str = _text(
        "LIVECONFIG_PATH",
        "conf/config.yaml",
        "a path",
        "the config: a file, or a directory whose `*.yaml`, `*.yml` and `*.json` are "
        "merged in the order of their names: later wins, and one without keys adds "
        "nothing",
    )
    schema: str = _text(
        "LIVECONFIG_SCHEMA",
        "",
        "`module:Class`",
        "the class of the config; without one it is a plain mapping",
    )
    admin_host: str = _text(
        "LIVECONFIG_ADMIN_HOST",
        "127.0.0.1",
        "an address",
        "the address of the operators' port: of this machine alone, also in the image; "
        "the manifests open it to the cluster",
    )
    admin_port: int = whole_number(
        "LIVECONFIG_ADMIN_PORT", 9090, 1, 65535, "the operators' port"
    )
    admin_names: str = setting(
        _Names(
            "LIVECONFIG_ADMIN_NAMES",
            "names under which the operators' port may be asked, beside those that are "
            "safe anyway: `.example.com` stands for all of a domain, `*` for any name",
            "names such as ops.example.com, separated by blanks, or *",
        ),
        "",
    )
    settle_ms: int = whole_number(
        "LIVECONFIG_SETTLE_MS",
        50,
        0,
        60_000,
        "how long, in milliseconds, a file that is written in place must be quiet "
        "before it is read; a swapped link is read at once",
    )
    poll_seconds: int = whole_number(
        "LIVECONFIG_POLL_SECONDS",
        60,
        1,
        86_400,
        "how often the source is read although no event came",
    )
    payload_bytes_max: int = whole_number(
        "LIVECONFIG_PAYLOAD_BYTES_MAX",
        4 * 1024 * 1024,
        1024,
        1024**3,
        "the largest config: all files of the source, all texts with aliases expanded, "
        "and what is published",
    )
    nodes_max: int = whole_number(
        "LIVECONFIG_NODES_MAX",
        150_000,
        100,
        100_000_000,
        "the most keys, values and lists in all files, with aliases expanded",
    )
    on_missing: str = _choice(
        "LIVECONFIG_ON_MISSING",
        "fail",
        ("fail", "defaults", "wait"),
        "what a start does: `fail` ends without a good source, `defaults` serves the "
        "schema's defaults without a source, `wait` waits for a good one: alive, not "
        "ready, and 503 until then",
    )
    cache_dir: str = _text(
        "LIVECONFIG_CACHE_DIR",
        "",
        "a path",
        "a directory in which the last proven config is kept for a start without a "
        "good source; of this service alone, made if it is not there, and not used if "
        "others can write to it",
    )
    growth_max: float | None = _number(
        "LIVECONFIG_GROWTH_MAX",
        1.001,
        1_000_000,
        "a number above 1, such as 1.5",
        "so many times the keys and values, or the bytes, of the config before are let "
        "through, and no more; unset, any",
    )
    removed_max: float | None = _number(
        "LIVECONFIG_REMOVED_MAX",
        0,
        100,
        "a number from 0 to 100",
        "so many percent of the keys and list items of the config before may be gone, "
        "and no more; unset, any",
    )
    blanked_max: int | None = whole_number(
        "LIVECONFIG_BLANKED_MAX",
        None,
        0,
        1_000_000,
        "so many of the keys that have no default in the class may become blank, an "
        "empty text, list or mapping or null, and no more; unset, any",
    )
    trial: str = _choice(
        "LIVECONFIG_TRIAL",
        "watch",
        ("watch", "canary", "off"),
        "`watch` takes a new config back that makes requests fail or workers die; with "
        "`canary` one worker has it before all others get it; with `off` it stays, "
        "and nothing is counted",
    )
    trial_seconds: int | None = whole_number(
        "LIVECONFIG_TRIAL_SECONDS",
        None,
        1,
        _TRIAL_SECONDS_MAX,
        "how long, in seconds, a new config is on trial before it is proven: only a "
        "proven one is kept as the last good config; unset, 30, or 10 more than "
        "gunicorn's `timeout` where that is longer: a worker that hangs dies then",
    )
    trial_ignore: str = _text(
        "LIVECONFIG_TRIAL_IGNORE",
        "",
        "paths with commas between them",
        "paths of which requests are not counted, beside `/livez` and `/readyz`, as "
        "clients write them",
    )

    @property
    def admin_address(self) -> str:
        """What the operators' port is bound to, as gunicorn writes it."""
        return address(self.admin_host, self.admin_port)

    @property
    def admin_url(self) -> str:
        """Where a process beside the service finds the operators' port."""
        host = _LOOPBACK.get(self.admin_host, self.admin_host)
        return f"http://{address(host, self.admin_port)}"

    def for_workers(self: S, timeout: int) -> S:
        """Return the settings for workers that may hang for so many seconds."""
        if self.trial_seconds is not None:
            return self
        seconds = max(TRIAL_SECONDS, timeout + _SECONDS_TO_DIE)
        return replace(self, trial_seconds=min(seconds, _TRIAL_SECONDS_MAX))

    @classmethod
    def from_environ(cls: type[S], environ: Mapping[str, str] | None = None) -> S:
        """
        Read the settings from `environ`, by default the environment of the process.

        An empty variable counts as unset.

        Raises:
            StartupError: a value is not what its variable takes; nothing is kept.
        """
        values = os.environ if environ is None else environ
        found = {}
        for each in fields(cls):
            variable = each.metadata["variable"]
            if text := values.get(variable.name):
                found[each.name] = variable.value(text, each.default)
        return cls(**found)


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
