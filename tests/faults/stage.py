"""
A server, its volume, and clients that ask all the time: where a fault happens.

Owns: starting it, starting it anew, the three checks at the end of every row.
Must not know: which faults there are.
Runs in: the test process.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import psutil

from liveconfig.memory.record import Record
from tests.faults.namespaces import (
    can_have_own_limits,
    can_have_own_mounts,
    launcher,
    quoted,
)
from tests.faults.orphans import adopted, left_over
from tests.faults.rules import NONE, Rule
from tests.support.edits import Edits
from tests.support.eventually import eventually
from tests.support.load import Load, Outcome
from tests.support.server import CONFIG_FILE, Server, all_ended
from tests.support.volume import ConfigMapVolume

CLIENTS = 3
# So that what a killed worker had in its hands is one request and no more.
_ONE_AT_A_TIME = ("--worker-class=sync", "--threads=1")

# Nobody is given these by chance, as the source port of a connection is.
_PORTS = range(20_000, 32_000)
_PLAIN_CONFIG_FILE = Path(__file__).with_name("plain_conf.py")
_PADDED = [
    "--env=LIVECONFIG_SCHEMA=tests.faults.service:PaddedConfig",
    "tests.faults.service:app",
]


@dataclass(frozen=True)
class Scene:
    """
    How a server is started.

    Attributes:
        source: what is watched, below the stage's directory.
        padding_bytes: how much stands in the config beside the message.
        arguments: more for gunicorn; `{directory}` in these texts is the stage's.
        environ: more variables.
        mounts: shell steps among the server's own mounts, before it starts.
        has_own_user: the steps are taken in a user namespace.
        command: what only root may do before it becomes gunicorn.
        is_plain: gunicorn without liveconfig.
        is_versioned: the versions of the answers can be compared.
    """

    source: str = "volume/config.yaml"
    padding_bytes: int = 0
    arguments: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[str] = ()
    has_own_user: bool = False
    command: Sequence[str] = ()
    is_plain: bool = False
    is_versioned: bool = True

    def is_to_be_had(self) -> bool:
        """Tell whether this user, on this machine, can start a server so."""
        if self.command and os.geteuid():
            return False
        if self.has_own_user and not can_have_own_limits():
            return False
        return not self.mounts or can_have_own_mounts()


class Stage:
    """
    One server after the other, on the same ports and the same volume.

    As a context manager it leaves nothing behind, whatever happens.

    Attributes:
        directory: of all that this stage has on the disk.
        edits: of the volume.
        server: the present one.
        load: the clients that ask it.
        blows: how often the rule came into play while this load was on.
        worst: the most that any load saw broken.
    """

    server: Server
    load: Load

    def __init__(self, scene: Scene, rule: Rule) -> None:
        """Prepare; nothing runs yet."""
        self.scene = scene
        self.rule = rule
        self.blows = 0
        self.worst = 0
        self.directory = Path(tempfile.mkdtemp(prefix="liveconfig-faults-"))
        self.directory.chmod(0o755)
        for name in ("tmp", "shm"):
            (self.directory / name).mkdir()
            (self.directory / name).chmod(0o1777)
        self.volume = ConfigMapVolume(
            self.directory / "volume", {"config.yaml": "message: one\n"}
        )
        self.edits = Edits(self.volume, scene.padding_bytes)
        self._ports = _free_ports()
        self._shared_before = set(os.listdir("/dev/shm"))

    def __enter__(self) -> Stage:
        with contextlib.ExitStack() as self._ending:
            self._ending.callback(shutil.rmtree, self.directory)
            self._before = set(psutil.Process().children(recursive=True))
            self._ending.enter_context(adopted())
            self.start()
            self._ending = self._ending.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._ending:
            if error is not None:
                print(self.server.log)
                print(*self.load.failures[:10], sep="\n")

    def start(self) -> None:
        """Start a server and the clients, and wait until both are at it."""
        self.server = Server(
            self.directory / self.scene.source,
            self.directory,
            arguments=[
                *_ONE_AT_A_TIME,
                *self._filled(self.scene.arguments),
                *self._application(),
            ],
            environ=self._environ(),
            config_file=_PLAIN_CONFIG_FILE if self.scene.is_plain else CONFIG_FILE,
            binds_itself=True,
            launcher=self._launcher(),
            ports=self._ports,
        )
        self._ending.callback(self._end_by_force, self.server)
        self.server.wait_until_ready()
        self.blows = 0
        is_versioned = self.scene.is_versioned and not self.scene.is_plain
        self.load = Load(self.server, CLIENTS, is_versioned=is_versioned)
        self._ending.enter_context(self.load)
        eventually(lambda: self.load.answered >= CLIENTS)

    def start_anew(self) -> None:
        """After the master's end: check what it left, and start the next server."""
        self.server.wait_until_ended()
        eventually(lambda: self.load.count(Outcome.REFUSED) >= CLIENTS)
        self.end_load()
        self.check_nothing_is_left()
        self.start()

    def end_load(self) -> None:
        """End the clients, and check that none saw what plain gunicorn's do not."""
        self.load.__exit__(None, None, None)
        rule = self.rule if self.blows else NONE
        assert rule.judge(self.load, self.blows, CLIENTS) == []
        assert self.load.answered > 0
        self.worst = max(self.worst, self.load.count(Outcome.BROKEN))

    def finish(self) -> None:
        """Make the three checks, after the last fault."""
        self.check_newest()
        self.end_load()
        eventually(lambda: _zombies(self.server.family()) == [])
        self.server.signal(signal.SIGTERM)
        assert self.server.wait_until_ended() == 0
        self.check_nothing_is_left()

    def check_newest(self) -> None:
        """Check that every worker comes to serve the newest config, and keeps it."""
        if self.scene.is_plain:
            return
        server, message = self.server, self.edits.newest
        eventually(lambda: server.get().text == message)
        digest = server.get().headers["config-digest"]
        seen: set[int] = set()

        def has_asked_all() -> bool:
            for status in pool.map(lambda _: server.status(), range(CLIENTS)):
                assert status["worker"]["digest"] == digest, status
                seen.add(status["worker"]["pid"])
            return server.worker_pids <= seen

        # Whoever answers from now on must have it, so it does not matter how long it
        # takes until the kernel has had each of them answer.
        with ThreadPoolExecutor(CLIENTS) as pool:
            eventually(has_asked_all)

    def check_nothing_is_left(self) -> None:
        """Check that no process, no file and no listener of the server is left."""
        eventually(lambda: not left_over(self._before))
        assert os.listdir(self.directory / "tmp") == []
        assert os.listdir(self.directory / "shm") == []
        if not can_have_own_mounts():
            eventually(lambda: set(os.listdir("/dev/shm")) <= self._shared_before)
        for port in self._ports:
            _listen(port).close()

    def request_some(self) -> None:
        """Wait until the clients were answered some more."""
        before = self.load.answered
        eventually(lambda: self.load.answered >= before + 20 * CLIENTS)

    def publisher(self) -> psutil.Process:
        """Return the publisher, waiting for one if need be."""
        return eventually(lambda: self.server.publisher)

    @contextlib.contextmanager
    def record(self) -> Iterator[Record]:
        """Look into the shared memory of the present server."""
        for entry in Path(f"/proc/{self.server.master.pid}/fd").iterdir():
            if "liveconfig-config" in os.readlink(entry):
                record = Record(os.open(entry, os.O_RDONLY | os.O_CLOEXEC))
                break
        try:
            yield record
        finally:
            record.close()

    def _application(self) -> Sequence[str]:
        return _PADDED if self.scene.padding_bytes else ()

    def _environ(self) -> dict[str, str]:
        names, texts = self.scene.environ.keys(), self.scene.environ.values()
        given = dict(zip(names, self._filled(texts), strict=True))
        return {"TMPDIR": str(self.directory / "tmp"), **given}

    def _launcher(self) -> list[str]:
        if not can_have_own_mounts():
            return list(self.scene.command)
        steps = [f"mount --bind {quoted(self.directory / 'shm')} /dev/shm"]
        steps += self._filled(self.scene.mounts)
        own = launcher(steps, has_own_user=self.scene.has_own_user)
        return [*own, *self.scene.command]

    def _filled(self, texts: Iterable[str]) -> list[str]:
        return [text.format(directory=self.directory) for text in texts]

    def _end_by_force(self, server: Server) -> None:
        if not all_ended([server.master]):
            server.master.kill()
        server.process.wait()


def _zombies(family: Sequence[psutil.Process]) -> list[psutil.Process]:
    found = []
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() == psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _free_ports() -> Sequence[int]:
    while True:
        ports = random.sample(_PORTS, 2)
        with contextlib.suppress(OSError):
            for port in ports:
                _listen(port).close()
            return ports


def _listen(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))
