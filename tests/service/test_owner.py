"""A gunicorn that root starts, and whose process the publisher is."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.namespaces import can_have_own_mounts, launcher, quoted
from tests.support.eventually import eventually
from tests.support.own_service import write, write_service
from tests.support.server import Server

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not can_have_own_mounts(), reason="only root becomes another"
)

_USER = 12345
_GROUP = 23456

_SCHEMA = """\
import os
from collections.abc import Mapping
import msgspec

print("imported by", os.getuid(), os.getgid(), flush=True)

class Shop(msgspec.Struct, frozen=True):
    message: str

    def __getitem__(self, key):
        return getattr(self, key)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user may look into."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def _launcher() -> list[str]:
    """Have every user find this Python, wherever root keeps it."""
    python = Path(sys.base_prefix)
    closed = [p for p in reversed(python.parents) if not p.stat().st_mode & 0o001]
    if not closed:
        return []
    return launcher(
        [
            f"mount --bind {quoted(python)} /mnt",
            f"mount -t tmpfs -o mode=755 none {quoted(closed[0])}",
            f"mkdir -p {quoted(python)}",
            f"mount --bind /mnt {quoted(python)}",
        ]
    )


def _server(place: Path, path: Path) -> Server:
    write(place / "shop.py", _SCHEMA)
    return Server(
        path,
        place,
        arguments=[f"--user={_USER}", f"--group={_GROUP}"],
        environ={"PYTHONPATH": str(place), "LIVECONFIG_SCHEMA": "shop:Shop"},
        config_file=write_service(place, "worker_tmp_dir = '/dev/shm'"),
        launcher=_launcher(),
    )


def _publisher(server: Server) -> psutil.Process:
    publisher = server.publisher
    assert publisher is not None
    return publisher


def test_publisher_is_the_workers_users(place: Path) -> None:
    """No code of the team's own is run as root; it follows, is succeeded, and ends."""
    path = write(place / "config.yaml", "message: one\n")
    server = _server(place, path)
    try:
        server.wait_until_booted()
        (line,) = server.lines("the publisher runs as the workers do")
        assert f"uid {_USER}, gid {_GROUP}" in line
        first = _publisher(server)
        assert first.uids() == (_USER, _USER, _USER)
        assert first.gids() == (_GROUP, _GROUP, _GROUP)
        assert set(server.lines("imported by")) == {f"imported by {_USER} {_GROUP}"}
        write(path, "message: two\n")
        eventually(lambda: server.get().text == "two")
        first.kill()
        write(path, "message: three\n")
        eventually(lambda: server.get().text == "three")
        second = _publisher(server)
        assert second.uids() == (_USER, _USER, _USER)
        server.master.kill()
        eventually(lambda: not second.is_running() or second.status() == "zombie")
    finally:
        server.stop()


@pytest.mark.parametrize("is_directory", [False, True])
def test_source_of_root_alone_keeps_the_publisher_root(
    place: Path, is_directory: bool
) -> None:
    """What only root can read is served as before, and the log says what that means."""
    folder = place / "config"
    folder.mkdir()
    path = write(folder / "config.yaml", "message: one\n")
    path.chmod(0o600)
    server = _server(place, folder if is_directory else path)
    try:
        server.wait_until_booted()
        (line,) = server.lines("the publisher stays root")
        assert f"root alone can read {path}: let the workers' user" in line
        assert _publisher(server).uids() == (0, 0, 0)
        assert server.get().text == "one"
    finally:
        server.stop()


def test_missing_source_keeps_nobody_root(place: Path) -> None:
    """What nobody can read is no reason to stay root."""
    server = _server(place, place / "missing.yaml")
    assert server.wait_until_ended() == 1
    assert not server.lines("stays root")
    assert server.lines("missing.yaml: no such file or directory")
