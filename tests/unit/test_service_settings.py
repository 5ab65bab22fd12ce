"""The reference service's own settings, on top of those of the library."""

from __future__ import annotations

import dataclasses

import pytest

from liveconfig.errors import StartupError
from liveconfig.reference.settings import ServiceSettings
from liveconfig.settings import Settings


def test_settings_are_the_library_s_and_two_more() -> None:
    """Each variable of the library sets the same as ever, HOST and PORT the rest."""
    environ = {"HOST": "0.0.0.0", "PORT": "1", "LIVECONFIG_PATH": "/etc/config"}
    settings = ServiceSettings.from_environ(environ)
    assert (settings.host, settings.port) == ("0.0.0.0", 1)
    library = dataclasses.asdict(Settings.from_environ(environ))
    assert library.items() <= dataclasses.asdict(settings).items()
    assert ServiceSettings.from_environ({}) == ServiceSettings()


@pytest.mark.parametrize("port", ["http", "0", "65536", "80.0"])
def test_port_that_is_none_is_a_sentence(port: str) -> None:
    """The sentence names the variable and what it takes."""
    with pytest.raises(StartupError, match=r"^PORT is .*: it takes a whole number"):
        ServiceSettings.from_environ({"PORT": port})


def test_link_to_a_service_is_no_port() -> None:
    """What Kubernetes puts into a pod for its Services is not taken for a port."""
    environ = {
        "PORT": "tcp://10.0.0.1:80",
        "LIVECONFIG_ADMIN_PORT": "udp://10.0.0.1:53",
    }
    assert ServiceSettings.from_environ(environ) == ServiceSettings()


def test_ports_must_differ() -> None:
    """One port cannot be both the public and the operators'."""
    with pytest.raises(StartupError, match="PORT and LIVECONFIG_ADMIN_PORT are both"):
        ServiceSettings.from_environ({"PORT": "9090"})


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1:8080"), ("::1", "[::1]:8080")]
)
def test_address_is_as_gunicorn_writes_it(host: str, address: str) -> None:
    """An IPv6 address stands in brackets, and each port has a host of its own."""
    settings = ServiceSettings(host=host, admin_host="::")
    assert settings.address == address
    assert settings.admin_address == "[::]:9090"
