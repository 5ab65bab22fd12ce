"""Servers for tests: started on demand, ended and checked whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

StartServer = Callable[..., Server]

# As arguments of gunicorn that follow `--worker-class`.
EVERY_KIND_OF_WORKER = pytest.mark.parametrize(
    "kind",
    [
        [*kind, *preload]
        # With more threads than one gunicorn makes a gthread worker of a sync one.
        for kind in (["sync", "--threads=1"], ["gthread", "--threads=4"], ["gevent"])
        for preload in ([], ["--preload"])
    ],
    ids=lambda kind: f"{kind[0]}-preload" if "--preload" in kind else kind[0],
)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """A function that starts a server on a path and waits until it is ready."""
    servers: list[Server] = []

    def start(path: Path, probe: str = "/readyz", **options: Any) -> Server:
        servers.append(Server(path, tmp_path, **options))
        return servers[-1].wait_until_ready(probe)

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def volume(tmp_path: Path) -> ConfigMapVolume:
    """A ConfigMap volume with the service's config."""
    return ConfigMapVolume(tmp_path / "volume", {"config.yaml": "message: one\n"})
