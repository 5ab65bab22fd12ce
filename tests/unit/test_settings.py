"""The process's own settings: defaults, limits, sentences."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from liveconfig.errors import StartupError
from liveconfig.settings import Settings


def test_empty_environment_gives_the_defaults() -> None:
    """Without a variable everything has its default."""
    assert Settings.from_environ({}) == Settings()


def test_empty_variable_counts_as_unset() -> None:
    """A variable that a manifest leaves empty changes nothing."""
    names = ("ADMIN_PORT", "ADMIN_NAMES", "PATH", "ON_MISSING")
    environ = {f"LIVECONFIG_{name}": "" for name in names}
    assert Settings.from_environ(environ) == Settings()


def test_every_variable_is_honoured() -> None:
    """Each variable sets its own field."""
    settings = Settings.from_environ(
        {
            "LIVECONFIG_PATH": "/etc/config",
            "LIVECONFIG_SCHEMA": "a.b:C",
            "LIVECONFIG_ADMIN_HOST": "0.0.0.0",
            "LIVECONFIG_ADMIN_PORT": "65535",
            "LIVECONFIG_ADMIN_NAMES": "Ops.Example.com .example.org",
            "LIVECONFIG_SETTLE_MS": "0",
            "LIVECONFIG_POLL_SECONDS": "1",
            "LIVECONFIG_PAYLOAD_BYTES_MAX": "1024",
            "LIVECONFIG_NODES_MAX": "100",
            "LIVECONFIG_ON_MISSING": "defaults",
            "LIVECONFIG_CACHE_DIR": "/cache",
            "LIVECONFIG_GROWTH_MAX": "1.15",
            "LIVECONFIG_REMOVED_MAX": "0",
            "LIVECONFIG_BLANKED_MAX": "0",
            "LIVECONFIG_TRIAL": "off",
            "LIVECONFIG_TRIAL_IGNORE": "/metrics,/ping",
            "LIVECONFIG_TRIAL_SECONDS": "3600",
        }
    )
    assert settings == Settings(
        path="/etc/config",
        schema="a.b:C",
        admin_host="0.0.0.0",
        admin_port=65535,
        admin_names="ops.example.com .example.org",
        settle_ms=0,
        poll_seconds=1,
        payload_bytes_max=1024,
        nodes_max=100,
        on_missing="defaults",
        cache_dir="/cache",
        growth_max=1.15,
        removed_max=0,
        blanked_max=0,
        trial="off",
        trial_ignore="/metrics,/ping",
        trial_seconds=3600,
    )
    defaults = asdict(Settings())
    assert [name for name in defaults if asdict(settings)[name] == defaults[name]] == []


@pytest.mark.parametrize(
    "environ",
    [
        {"LIVECONFIG_TRIAL": "on"},
        {"LIVECONFIG_TRIAL_SECONDS": "0"},
        {"LIVECONFIG_TRIAL_SECONDS": "3601"},
        {"LIVECONFIG_ADMIN_PORT": "http"},
        {"LIVECONFIG_ADMIN_PORT": "0"},
        {"LIVECONFIG_ADMIN_PORT": "65536"},
        {"LIVECONFIG_ADMIN_PORT": "-1"},
        {"LIVECONFIG_ADMIN_PORT": " 80"},
        {"LIVECONFIG_ADMIN_PORT": "\u0661"},
        {"LIVECONFIG_ADMIN_PORT": "9" * 5000},
        {"LIVECONFIG_ADMIN_PORT": "000000000080" + "0" * 8},
        {"LIVECONFIG_ADMIN_PORT": "000000000080" + "0" * 5000},
        {"LIVECONFIG_ADMIN_PORT": "http://10.0.0.1:9090"},
        {"LIVECONFIG_SETTLE_MS": "1.5"},
        {"LIVECONFIG_POLL_SECONDS": "0"},
        {"LIVECONFIG_PAYLOAD_BYTES_MAX": "4MiB"},
        {"LIVECONFIG_ON_MISSING": "ignore"},
        {"LIVECONFIG_GROWTH_MAX": "1"},
        {"LIVECONFIG_GROWTH_MAX": "0.5"},
        {"LIVECONFIG_GROWTH_MAX": "-2"},
        {"LIVECONFIG_GROWTH_MAX": "inf"},
        {"LIVECONFIG_GROWTH_MAX": "2e3"},
        {"LIVECONFIG_GROWTH_MAX": "2."},
        {"LIVECONFIG_GROWTH_MAX": "1.0001"},
        {"LIVECONFIG_REMOVED_MAX": "101"},
        {"LIVECONFIG_REMOVED_MAX": "25%"},
        {"LIVECONFIG_BLANKED_MAX": "0.5"},
    ],
)
def test_value_that_does_not_fit_is_a_sentence(environ: dict[str, str]) -> None:
    """The sentence names the variable and what it takes."""
    ((name, _),) = environ.items()
    with pytest.raises(StartupError, match=f"^{name} is .*: it takes "):
        Settings.from_environ(environ)


# As a Service of that name puts them into every pod of its namespace.
_LINKS = {
    "{}_SERVICE_HOST": "10.0.0.1",
    "{}_SERVICE_PORT": "9090",
    "{}_SERVICE_PORT_HTTP": "9090",
    "{}_PORT": "tcp://10.0.0.1:9090",
    "{}_PORT_9090_TCP": "tcp://10.0.0.1:9090",
    "{}_PORT_9090_TCP_PROTO": "tcp",
    "{}_PORT_9090_TCP_PORT": "9090",
    "{}_PORT_9090_TCP_ADDR": "10.0.0.1",
}


@pytest.mark.parametrize("protocol", ["tcp", "udp", "sctp"])
@pytest.mark.parametrize("part", ["", "_ADMIN", "_CACHE", "_PATH", "_POLL", "_SETTLE"])
def test_link_to_a_service_is_no_setting(part: str, protocol: str) -> None:
    """Whatever a Service in the namespace is called, the settings stay as they are."""
    links = {
        name.format(f"LIVECONFIG{part}"): value.replace("tcp", protocol)
        for name, value in _LINKS.items()
    }
    assert Settings.from_environ(links) == Settings()


@pytest.mark.parametrize("value", ["tcp://10.0.0.1:80", "0", "junk", "", " "])
def test_what_other_programs_read_is_no_setting(value: str) -> None:
    """Names that belong to one service, or to everyone, stop no other service."""
    environ = dict.fromkeys(("HOST", "PORT", "WEB_CONCURRENCY"), value)
    assert Settings.from_environ(environ) == Settings()


@pytest.mark.parametrize("name", ["ops.example.com:80", "http://ops", "a,b", "**", "."])
def test_name_that_is_none_is_a_sentence(name: str) -> None:
    """A name is written without anything around it."""
    with pytest.raises(StartupError, match=r"^LIVECONFIG_ADMIN_NAMES has .*it takes"):
        Settings.from_environ({"LIVECONFIG_ADMIN_NAMES": f"localhost {name}"})


def test_operators_port_is_for_this_machine_alone() -> None:
    """Nobody else reaches it unless the operator says so."""
    assert Settings().admin_address == "127.0.0.1:9090"
    assert Settings.from_environ({"HOST": "0.0.0.0"}).admin_host == "127.0.0.1"


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
    assert Settings(admin_host=host).admin_url == url


@pytest.mark.parametrize(
    ("given", "timeout", "seconds"),
    [(None, 0, 30), (None, 30, 40), (None, 9999, 3600), (1, 30, 1)],
)
def test_trial_lasts_longer_than_workers_may_hang(
    given: int | None, timeout: int, seconds: int
) -> None:
    """Unless the operator says how long it lasts."""
    settings = Settings(trial_seconds=given).for_workers(timeout)
    assert settings.trial_seconds == seconds
