"""The most expensive sources that are accepted, and what they cost a whole pod."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil
import pytest
import yaml

from tests.service.conftest import StartServer
from tests.support.eventually import eventually
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

_DEPLOYMENT = Path(__file__).parents[2] / "kube" / "base" / "deployment.yaml"
_MIB = 1024 * 1024

_WSGI = """
from collections.abc import Mapping
from typing import Any

from liveconfig import ConfigManager
from liveconfig.operators.admin import create_admin_app
from liveconfig.wsgi import by_port
from liveconfig.settings import Settings

manager = ConfigManager()
manager.subscribe(lambda old, new, changed: None)


def message(environ, start_response):
    body = manager.get()["message"].encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


app = by_port(message, {Settings.from_environ().admin_port: create_admin_app(manager)})
"""

_CONF = """
from liveconfig.gunicorn import *
wsgi_app = "wide_wsgi:app"
pythonpath = {directory!r}
"""


def _container() -> dict[str, object]:
    """Return the container of the Deployment, as the manifest has it."""
    manifest = yaml.safe_load(_DEPLOYMENT.read_text())
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


_ENVIRON = {each["name"]: each["value"] for each in _container()["env"]}  # type: ignore[attr-defined]
_LIMIT = str(_container()["resources"]["limits"]["memory"])  # type: ignore[index]
_BYTES_MAX = int(_ENVIRON["LIVECONFIG_PAYLOAD_BYTES_MAX"])
# Fewer than are allowed by as many as there are beside them.
_NODES = 149_000


def _mappings(number: int) -> str:
    """Return as many empty mappings as are allowed, and as much wide text."""
    text = "x" * (_BYTES_MAX - 5 * _NODES)
    return f'a: [{"{}," * _NODES}]\nb: "\U0001f600{number}{text}"\n'


def _aliases(number: int) -> str:
    """Return a few lines that stand for as many mappings."""
    row = f"a: &a [{', '.join(['{}'] * 999)}]\n"
    return f"{row}b: [{number}{', *a' * (_NODES // 1001 - 2)}]\n"


def _levels(number: int) -> str:
    """Return one wide text below as many levels as are allowed."""
    text = f'"\U0001f600{number}{"x" * (_BYTES_MAX - 1000)}"'
    return f"a: {'{a: ' * 60}{text}{'}' * 60}\n"


def _mib(server: Server) -> float:
    """Return the memory of all processes, each page counted once."""
    total = 0
    for process in server.family():
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / _MIB


@pytest.mark.parametrize("source", [_mappings, _aliases, _levels])
def test_worst_source_fits_the_memory_of_a_pod(
    start_server: StartServer, tmp_path: Path, source: object
) -> None:
    """What is accepted leaves a pod of the manifests within its limit, edit by edit."""
    assert callable(source)
    (tmp_path / "wide_wsgi.py").write_text(_WSGI)
    conf = tmp_path / "conf.py"
    conf.write_text(_CONF.format(directory=str(tmp_path)))
    volume = ConfigMapVolume(tmp_path / "v", {"config.yaml": "message: one\n"})
    workers = int(_ENVIRON["WEB_CONCURRENCY"])
    environ = {"LIVECONFIG_PAYLOAD_BYTES_MAX": str(_BYTES_MAX)}
    server = start_server(
        volume.path("config.yaml"),
        probe="/",
        workers=workers,
        config_file=conf,
        environ=environ,
    )
    peak = 0.0
    for number in range(4):
        volume.flip({"config.yaml": f"message: m{number}\n{source(number)}"})
        version = number + 2

        def is_everywhere(version: int = version) -> bool:
            nonlocal peak
            peak = max(peak, _mib(server))
            status = server.status()
            assert status["rejected"] is None, status["rejected"]
            held = [worker["version"] for worker in status["workers"]]
            return held == [version] * workers

        eventually(is_everywhere)
    limit = int(_LIMIT.removesuffix("Mi"))
    assert peak < limit, f"{peak:.0f} MiB of {limit}"
