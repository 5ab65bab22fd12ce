"""Memory that something else has overwritten: no request fails, and it is told."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.service.conftest import StartServer
from tests.support.damage import overwrite
from tests.support.eventually import eventually
from tests.support.load import Load
from tests.support.server import Server
from tests.support.volume import ConfigMapVolume

_ALL = b"\xa5" * 16_384


def _memory(server: Server, name: str) -> str:
    directory = Path(f"/proc/{server.process.pid}/fd")
    return next(
        str(entry)
        for entry in directory.iterdir()
        if os.readlink(entry).startswith(f"/memfd:{name} ")
    )


@pytest.mark.parametrize(
    ("start", "content"),
    [
        pytest.param(64, bytes(8), id="head-zeroed"),
        pytest.param(64, b"\xff" * 8, id="head-beyond"),
        pytest.param(4096, _ALL, id="a-slot"),
        pytest.param(0, _ALL, id="all-that-is-used"),
    ],
)
def test_overwritten_record_fails_no_request(
    start_server: StartServer, volume: ConfigMapVolume, start: int, content: bytes
) -> None:
    """Old workers serve on, new ones wait for the repair, versions go on growing."""
    server = start_server(volume.path("config.yaml"), workers=2)
    volume.flip({"config.yaml": "message: two\n"})
    server.wait_until_all_serve("two")
    memory = _memory(server, "liveconfig-config")
    with Load(server) as load:
        overwrite(memory, start, content)
        (killed, _) = sorted(server.worker_pids)
        os.kill(killed, signal.SIGTERM)
        server.wait_for_line("the record was overwritten by something else; ")
        server.wait_for_line("what was live is published again, as version 3")
        volume.flip({"config.yaml": "message: three\n"})
        eventually(lambda: server.get().text == "three")
    server.wait_until_all_serve("three")
    assert load.problems == []
    assert int(server.get().headers["config-version"]) == 4
    assert killed not in server.worker_pids


def test_overwritten_status_is_written_again(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """While what the publisher says of itself is unreadable, `/status` says so."""
    server = start_server(volume.path("config.yaml"), workers=1)
    before = server.status()
    assert server.publisher is not None
    server.publisher.suspend()
    overwrite(_memory(server, "liveconfig-status"), 0, _ALL)
    damaged = server.status()
    assert damaged["publisher"]["pid"] is None
    assert damaged["publisher"]["state"] == "unknown"
    assert damaged["version"] == before["version"]
    server.publisher.resume()
    eventually(
        lambda: (
            server.status()["publisher"] | {"checked_at": ""}
            == before["publisher"] | {"checked_at": ""}
        )
    )
