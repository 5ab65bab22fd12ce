"""
What is put up for a measurement, and taken down after it.

Owns: servers on temporary directories, volumes whose flip can be timed.
Must not know: what is measured.
Runs in: the measuring process.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import psutil

from benchmarks import doors, peers, processes
from benchmarks.documents import Document
from benchmarks.peers.peer import Peer
from tests.support.eventually import eventually
from tests.support.server import Server, all_ended
from tests.support.volume import ConfigMapVolume

ROOT = Path(__file__).resolve().parents[1]
CONFIG_FILE = Path(__file__).with_name("peers") / "gunicorn_conf.py"
_START_SECONDS = 120.0
# Longer than any watcher needs to come to rest after a flip, or a worker to start.
_QUIET_SECONDS, _RESTART_SECONDS = 0.06, 1.5
# What a server that has nothing to do takes of a processor in that time, at most.
_IDLE_SECONDS = 0.01
START = "start"


class TimedVolume(ConfigMapVolume):
    """A ConfigMap volume whose flip is cut into its steps; the order is the same."""

    @property
    def payload(self) -> Path:
        """The directory that the next flip makes visible, or the last one made."""
        assert self._payload is not None
        return self._payload

    def prepare(self, key: str, text: str) -> None:
        """Write the new payload and the link to it: all that comes before the flip."""
        self._old, self._payload = self._payload, self._write_payload({key: text})
        (self.directory / "..data_tmp").symlink_to(self._payload.name)

    def swap(self) -> float:
        """Rename the link, and return the moment before, by `time.perf_counter`."""
        began = time.perf_counter()
        (self.directory / "..data_tmp").rename(self.directory / "..data")
        return began

    def clean(self) -> None:
        """Delete the payload before, as the kubelet does last."""
        if self._old is not None:
            shutil.rmtree(self._old)


class Side:
    """
    One peer's server, on a volume of its own.

    Attributes:
        name: the peer's.
        peer: the peer, as the measuring process has it.
        workers: how many there are.
    """

    def __init__(self, name: str, place: Path, workers: int, size: int) -> None:
        """Start it; `wait` waits until it can be measured."""
        self.name = name
        self.workers = workers
        self._size = size
        self._number = 0
        self._place = place
        directory = place / "volume"
        self.peer: Peer = peers.make(name, directory / _key(name))
        text = self.peer.text(Document(START, size))
        self.volume = TimedVolume(directory, {self.peer.key: text})

    def start(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Start the server; whatever its arguments ask for has no doors."""
        self._has_doors = not arguments
        (self._place / "doors").mkdir(exist_ok=True)
        (self._place / "server").mkdir(exist_ok=True)
        self.server = Server(
            self.peer.path,
            self._place / "server",
            workers=self.workers,
            arguments=arguments,
            environ={
                "PYTHONPATH": str(ROOT),
                "BENCHMARK_PEER": self.name,
                doors.VARIABLE: str(self._place / "doors"),
                **self.peer.environ(self._place),
                **environ,
            },
            config_file=CONFIG_FILE,
        )

    def wait(self) -> None:
        """Wait until every worker has booted and the first config is served."""
        # gunicorn loses a signal to a worker that is still booting.
        if self._has_doors:
            self.all_ports()
        self.server.wait_until_booted()
        eventually(self._is_ready, _START_SECONDS)

    def _is_ready(self) -> bool:
        with suppress(OSError):
            return doors.ask(self.server.port) == START.encode()
        return False

    def change(self, kind: str = "message") -> None:
        """Make another config the one of now, in the way the kubelet does."""
        self.prepare(kind=kind)
        self.volume.swap()
        self.volume.clean()

    def kill(self) -> None:
        """End all processes at once, as the kernel ends a container."""
        family = self.server.family()
        for process in family:
            process.suspend()
        for process in family:
            process.kill()
        self.server.wait_until_ended()
        eventually(lambda: all_ended(family))

    def stop(self) -> None:
        """End the server, and make sure that nothing of it is left."""
        family = self.server.family()
        self.server.stop()
        eventually(lambda: all_ended(family))

    @property
    def pid(self) -> int:
        """The master's."""
        return int(self.server.process.pid)

    def ports(self) -> list[int]:
        """Return the door of each worker that is alive."""
        return doors.found(self._place / "doors")

    def all_ports(self) -> list[int]:
        """Return the door of each worker, once all have opened theirs."""
        return eventually(self._ports_if_all, _START_SECONDS)

    def _ports_if_all(self) -> list[int]:
        if self.server.process.poll() is not None:
            raise RuntimeError(f"the server of {self.name} ended: {self.server.log}")
        found = self.ports()
        return found if len(found) >= self.workers else []

    def tree(self) -> list[int]:
        """Return the processes of the server."""
        return processes.tree(self.pid)

    def publisher(self) -> psutil.Process | None:
        """Return liveconfig's own process, where there is one."""
        return self.server.publisher

    def quiet(self) -> None:
        """Wait until every watcher is at rest, and every new worker has one."""
        time.sleep(_RESTART_SECONDS if self.peer.restarts else _QUIET_SECONDS)

    def settle(self) -> None:
        """Wait until nothing that was caused before still takes a processor."""

        def is_idle() -> bool:
            before = processes.cpu_seconds(self.pid)
            time.sleep(_QUIET_SECONDS)
            return processes.cpu_seconds(self.pid) - before < _IDLE_SECONDS

        eventually(is_idle, _START_SECONDS)

    def prepare(self, size: int | None = None, kind: str = "message") -> bytes:
        """Prepare another config, and return the message that it has."""
        self._number += 1
        document = Document(f"{kind}-{self._number:06}", size or self._size)
        self.volume.prepare(self.peer.key, self.peer.text(document))
        return document.message.encode()


def _key(name: str) -> str:
    return peers.make(name, peers.NOWHERE).key


@contextmanager
def directory() -> Iterator[Path]:
    """Give a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="liveconfig-bench-") as name:
        yield Path(name)


@contextmanager
def sides(
    names: Sequence[str],
    *,
    workers: int,
    size: int,
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[list[Side]]:
    """Give the servers of some peers, all at the same time; none is left afterwards."""
    with ExitStack() as stack:
        found = []
        for name in names:
            place = stack.enter_context(directory())
            side = Side(name, place, workers, size)
            side.start(arguments, environ)
            stack.callback(side.stop)
            found.append(side)
        for side in found:
            side.wait()
        with _log_of_whoever_failed(found):
            yield found


@contextmanager
def _log_of_whoever_failed(sides: Sequence[Side]) -> Iterator[None]:
    """Add to an error what the servers wrote that answered with one."""
    try:
        yield
    except (AssertionError, OSError, RuntimeError) as error:
        logs = [side.server.log for side in sides if "Traceback" in side.server.log]
        raise RuntimeError("\n".join([str(error), *logs])) from error


@contextmanager
def side(
    name: str,
    *,
    workers: int,
    size: int,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Side]:
    """Give the server of one peer."""
    with sides([name], workers=workers, size=size, environ=environ) as (only,):
        yield only
