"""The process's own settings: defaults, limits, sentences."""

from __future__ import annotations

import pytest

from liveconfig.errors import StartupError
from liveconfig.settings import Settings


def test_empty_environment_gives_the_defaults() -> None:
    """Without a variable everything has its default."""
    assert Settings.from_environ({}) == Settings()


def test_empty_variable_counts_as_unset() -> None:
    """A variable that a manifest leaves empty changes nothing."""
    environ = {"PORT": "", "LIVECONFIG_PATH": "", "LIVECONFIG_ON_MISSING": ""}
    assert Settings.from_environ(environ) == Settings()


def test_every_variable_is_honoured() -> None:
    """Each variable sets its own field."""
    settings = Settings.from_environ(
        {
            "LIVECONFIG_PATH": "/etc/config",
            "LIVECONFIG_SCHEMA": "a.b:C",
            "HOST": "0.0.0.0",
            "PORT": "1",
            "LIVECONFIG_ADMIN_PORT": "65535",
            "WEB_CONCURRENCY": "16",
            "LIVECONFIG_SETTLE_MS": "0",
            "LIVECONFIG_POLL_SECONDS": "1",
            "LIVECONFIG_PAYLOAD_BYTES_MAX": "1024",
            "LIVECONFIG_ON_MISSING": "defaults",
            "LIVECONFIG_CACHE_DIR": "/cache",
        }
    )
    assert settings == Settings(
        path="/etc/config",
        schema="a.b:C",
        host="0.0.0.0",
        port=1,
        admin_port=65535,
        workers=16,
        settle_ms=0,
        poll_seconds=1,
        payload_bytes_max=1024,
        on_missing="defaults",
        cache_dir="/cache",
    )


@pytest.mark.parametrize(
    "environ",
    [
        {"PORT": "http"},
        {"PORT": "0"},
        {"PORT": "65536"},
        {"PORT": "-1"},
        {"PORT": " 80"},
        {"PORT": "\u0661"},
        {"PORT": "9" * 5000},
        {"PORT": "000000000080" + "0" * 8},
        {"PORT": "000000000080" + "0" * 5000},
        {"LIVECONFIG_ADMIN_PORT": "x"},
        {"WEB_CONCURRENCY": "0"},
        {"LIVECONFIG_SETTLE_MS": "1.5"},
        {"LIVECONFIG_POLL_SECONDS": "0"},
        {"LIVECONFIG_PAYLOAD_BYTES_MAX": "4MiB"},
        {"LIVECONFIG_ON_MISSING": "ignore"},
    ],
)
def test_value_that_does_not_fit_is_a_sentence(environ: dict[str, str]) -> None:
    """The sentence names the variable and what it takes."""
    ((name, _),) = environ.items()
    with pytest.raises(StartupError, match=f"^{name} is .*: it takes "):
        Settings.from_environ(environ)


def test_ports_must_differ() -> None:
    """One port cannot be both the public and the operators'."""
    with pytest.raises(StartupError, match="PORT and LIVECONFIG_ADMIN_PORT are both"):
        Settings.from_environ({"PORT": "9090"})


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1:8080"), ("::1", "[::1]:8080")]
)
def test_address_is_as_gunicorn_writes_it(host: str, address: str) -> None:
    """An IPv6 address stands in brackets."""
    settings = Settings(host=host)
    assert settings.address == address
    assert settings.admin_address == address.replace("8080", "9090")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9090"),
        ("0.0.0.0", "http://127.0.0.1:9090"),
        ("::", "http://[::1]:9090"),
        ("::1", "http://[::1]:9090"),
        ("10.1.2.3", "http://10.1.2.3:9090"),
    ],
)
def test_operators_port_is_found_from_beside_the_service(host: str, url: str) -> None:
    """An address that means all of a machine's is answered on its loopback."""
    assert Settings(host=host).admin_url == url
