"""A change that goes too far is refused by a running service, however it is made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.conftest import StartServer
from tests.support.eventually import eventually
from tests.support.own_service import write
from tests.support.server import Server, python_path
from tests.support.volume import ConfigMapVolume

_LIMITS = {
    "LIVECONFIG_GROWTH_MAX": "2",
    "LIVECONFIG_REMOVED_MAX": "40",
    "LIVECONFIG_BLANKED_MAX": "0",
}
_LIVECONFIG = Path(sys.executable).with_name("liveconfig")


def _routes(count: int) -> str:
    return "".join(["message: one\nroutes:\n", *(f"  r{n}: 1\n" for n in range(count))])


_SERVICE = """
import os
from collections.abc import Mapping

import msgspec

from liveconfig import ConfigManager, Secret
from liveconfig.operators.admin import create_admin_app
from liveconfig.wsgi import by_port


class RoutesConfig(msgspec.Struct, frozen=True):
    message: str
    key: Secret = Secret("none")
    routes: Mapping[str, int] = {}


manager = ConfigManager(RoutesConfig)


def answer(environ, start_response):
    body = manager.get().message.encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


port = int(os.environ["LIVECONFIG_ADMIN_PORT"])
app = by_port(answer, {port: create_admin_app(manager)})
"""
_CONF = """
from liveconfig.gunicorn import *

wsgi_app = "routes_service:app"
"""


@pytest.fixture
def volume_of_routes(tmp_path: Path) -> ConfigMapVolume:
    """A mounted ConfigMap with ten routes, and a service that has them."""
    write(tmp_path / "routes_service.py", _SERVICE)
    return ConfigMapVolume(tmp_path / "volume", {"config.yaml": _routes(10)})


def _started(
    start_server: StartServer, volume: ConfigMapVolume, directory: Path, **more: str
) -> Server:
    return start_server(
        volume.path("config.yaml"),
        "/",
        config_file=write(directory / "routes_conf.py", _CONF),
        environ={**_environ(directory), **_LIMITS, **more},
    )


def _environ(directory: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": python_path(directory),
        "LIVECONFIG_SCHEMA": "routes_service:RoutesConfig",
    }


def _run(
    server: Server, directory: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a command beside the service."""
    port = {"LIVECONFIG_ADMIN_PORT": str(server.admin_port)}
    return subprocess.run(
        [_LIVECONFIG, *arguments],
        env={"PATH": os.environ["PATH"], **_environ(directory), **port},
        text=True,
        capture_output=True,
    )


def test_change_that_goes_too_far_stays_out_until_it_is_made_in_steps(
    start_server: StartServer, volume_of_routes: ConfigMapVolume, tmp_path: Path
) -> None:
    """It is rejected with its sentence, also by a successor, and steps get through."""
    volume = volume_of_routes
    server = _started(start_server, volume, tmp_path)
    volume.flip({"config.yaml": _routes(30)})
    sentence = "routes: the config has 67 keys and values, version 1 has 27, and "
    line = server.wait_for_line("rejected, version 1 stays: ")
    assert sentence in line
    rejected = eventually(lambda: server.status()["rejected"])
    assert rejected["error"]["key"] == "routes"
    assert rejected["error"]["line"] == 2
    assert server.status()["history"][0]["kind"] == "rejected"
    path = str(volume.path("config.yaml"))
    waited = _run(server, tmp_path, "wait", "--file", path, "--timeout", "60")
    assert waited.returncode == 1
    assert sentence in waited.stderr
    publisher = server.publisher
    assert publisher is not None
    publisher.kill()
    eventually(lambda: server.publisher not in (None, publisher))
    eventually(lambda: server.status()["publisher"]["starts"] == 2)
    assert server.status()["version"] == 1
    assert eventually(lambda: server.status()["rejected"])["error"] == rejected["error"]
    for count in (20, 30, 20):
        volume.flip({"config.yaml": _routes(count)})
        assert _run(server, tmp_path, "wait", "--file", path).returncode == 0
    assert (server.status()["version"], server.status()["rejected"]) == (4, None)


def test_start_serves_the_cache_rather_than_what_was_refused(
    start_server: StartServer, volume_of_routes: ConfigMapVolume, tmp_path: Path
) -> None:
    """A restart of the container does not let a change in that goes too far."""
    volume = volume_of_routes
    # Without trials, so that what is live is the last good config at once.
    cache = {"LIVECONFIG_CACHE_DIR": str(tmp_path / "cache"), "LIVECONFIG_TRIAL": "off"}
    server = _started(start_server, volume, tmp_path, **cache)
    volume.flip({"config.yaml": "message: one\n"})
    server.wait_for_line("routes: 11 of the 12 keys and list items of version 1 are")
    server.signal(signal.SIGTERM)
    server.wait_until_ended()
    server = _started(start_server, volume, tmp_path, **cache)
    server.wait_for_line("version 1 is live from the cache, .* of the last good config")
    assert server.status()["origin"] == "cache"


def test_check_against_a_service_says_what_it_would_do(
    start_server: StartServer, volume_of_routes: ConfigMapVolume, tmp_path: Path
) -> None:
    """The command refuses what the service then refuses, with the same figures."""
    volume = volume_of_routes
    server = _started(start_server, volume, tmp_path)
    url = f"http://127.0.0.1:{server.admin_port}"
    path = write(tmp_path / "new.yaml", _routes(30))
    checked = _run(server, tmp_path, "check", str(path), "--against", url)
    assert (checked.returncode, checked.stdout) == (1, "")
    figures = "the config has 67 keys and values, version 1 "
    assert f"new.yaml:2:1: routes: {figures}of {url} has 27, " in checked.stderr
    volume.flip({"config.yaml": _routes(30)})
    assert f"{figures}has 27, " in server.wait_for_line("rejected, version 1 stays: ")
    write(path, _routes(12))
    assert _run(server, tmp_path, "check", str(path), "--against", url).returncode == 0
