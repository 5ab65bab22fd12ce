"""
Whatever dies or is replaced, requests go on and the newest config arrives.

`tests/faults/` has the matrix of what dies when; here is what it does not ask.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.service.conftest import StartServer
from tests.support.edits import Edits
from tests.support.eventually import eventually
from tests.support.load import Load
from tests.support.server import Server, all_ended, is_publisher
from tests.support.volume import ConfigMapVolume


@pytest.fixture
def edits(volume: ConfigMapVolume) -> Edits:
    """The edits of the test's volume."""
    return Edits(volume)


@pytest.fixture
def server(start_server: StartServer, volume: ConfigMapVolume) -> Server:
    """A server on the test's volume."""
    return start_server(volume.path("config.yaml"))


def _publisher(server: Server) -> psutil.Process:
    publisher = server.publisher
    assert publisher is not None
    return publisher


def _wait_for_another_publisher(server: Server, than: psutil.Process) -> None:
    eventually(lambda: server.publisher not in (None, than))


def test_publisher_killed_during_flips_loses_none(server: Server, edits: Edits) -> None:
    """Kill -9 again and again while the volume flips: the last flip is served."""
    with Load(server) as load:
        for _ in range(4):
            killed = _publisher(server)
            for number in range(20):
                edits.flip()
                if number == 10:
                    killed.kill()
            server.wait_until_all_serve(edits.newest)
            _wait_for_another_publisher(server, killed)
    assert load.problems == []
    assert (
        len({status["digest"] for status in server.status_of_each_worker().values()})
        == 1
    )


def test_publisher_stopped_does_not_stop_requests(server: Server, edits: Edits) -> None:
    """Workers never wait for the publisher; when it goes on, the flip is served."""
    publisher = _publisher(server)
    publisher.suspend()
    edits.flip()
    for status in server.status_of_each_worker().values():
        assert status["version"] == 1
    assert server.get().text == "one"
    publisher.resume()
    server.wait_until_all_serve(edits.newest)


def test_master_killed_leaves_no_process(server: Server) -> None:
    """After kill -9 of the master everything it started is gone, and the port free."""
    family = server.family()
    assert len(family) == 5
    server.signal(signal.SIGKILL)
    server.wait_until_ended()
    eventually(lambda: all_ended(family))
    with pytest.raises(ConnectionRefusedError):
        server.get()


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["", "preload"])
def test_reload_during_flips_loses_nothing(
    start_server: StartServer, volume: ConfigMapVolume, edits: Edits, preload: list[str]
) -> None:
    """HUP while the volume flips: no request fails, versions grow, the last arrives."""
    server = start_server(volume.path("config.yaml"), arguments=preload)
    with Load(server) as load:
        for _ in range(3):
            workers, publisher = server.worker_pids, _publisher(server)
            for number in range(10):
                edits.flip()
                if number == 5:
                    server.signal(signal.SIGHUP)
            eventually(lambda: not workers & server.worker_pids)  # noqa: B023
            _wait_for_another_publisher(server, publisher)
            server.wait_until_all_serve(edits.newest)
    assert load.problems == []
    assert server.lines("Traceback|ERROR") == []
    assert [p for p in server.family() if is_publisher(p)] == [server.publisher]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_end_leaves_nothing_behind(server: Server, number: signal.Signals) -> None:
    """However the operator ends it, no process, no zombie and no file is left."""
    shared_before = sorted(os.listdir("/dev/shm"))
    family = server.family()
    server.signal(number)
    assert server.wait_until_ended() == 0
    eventually(lambda: all_ended(family))
    assert set(os.listdir("/dev/shm")) <= set(shared_before)


def test_ctrl_c_in_a_terminal_ends_all_in_order(server: Server) -> None:
    """The signal that a terminal sends to all at once ends them without a traceback."""
    family = server.family()
    # What it sends does not reach the publisher, so that the master ends that last.
    assert os.getsid(_publisher(server).pid) == _publisher(server).pid
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.wait_until_ended() == 0
    eventually(lambda: all_ended(family))
    # A worker that was still at a request has a traceback of gunicorn's own.
    assert re.findall(r'File "[^"]*/liveconfig/[^"]*"', server.log) == []
    assert "died" not in server.log


def test_one_inotify_instance_serves_all(
    start_server: StartServer, volume: ConfigMapVolume
) -> None:
    """Whatever the number of workers, the tree holds one inotify instance."""
    server = start_server(volume.path("config.yaml"), workers=6)
    held = {
        process.pid: links
        for process in server.family()
        if (links := _inotify_instances(process.pid))
    }
    assert held == {_publisher(server).pid: 1}


def _inotify_instances(pid: int) -> int:
    links = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        # A request that is being answered comes and goes.
        with suppress(FileNotFoundError):
            links += os.readlink(entry) == "anon_inode:inotify"
    return links


def test_publisher_does_not_hold_the_port(server: Server) -> None:
    """The publisher has no listening socket, so it cannot keep the port busy."""
    connections = _publisher(server).net_connections(kind="inet")
    assert connections == []


def test_worker_does_not_load_what_the_publisher_needs(server: Server) -> None:
    """No worker has PyYAML's parser in memory."""
    for pid in server.worker_pids:
        assert "_yaml" not in Path(f"/proc/{pid}/maps").read_text()
    assert "_yaml" in Path(f"/proc/{_publisher(server).pid}/maps").read_text()
