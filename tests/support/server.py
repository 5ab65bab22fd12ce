"""
A real gunicorn with real workers, on ports that the kernel chose.

Owns: starting, asking, signalling and ending one server; what it logs.
Must not know: what is tested.
Runs in: the test process; the server is a child in a session of its own.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tests.support.eventually import PATIENCE_SECONDS, eventually

_ROOT = Path(__file__).resolve().parents[2]
_GUNICORN = Path(sys.executable).with_name("gunicorn")
CONFIG_FILE = _ROOT / "conf" / "gunicorn.conf.py"


class Answer(NamedTuple):
    """One HTTP response, read to its end."""

    status: int
    headers: Mapping[str, str]
    text: str


class Server:
    """
    One gunicorn master with its workers and its publisher.

    The test binds both ports itself, so no other process can take them between the
    choice and the start; it closes its own copies once the server is up.
    """

    def __init__(
        self,
        path: Path,
        directory: Path,
        *,
        workers: int | None = 2,
        arguments: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        config_file: Path = CONFIG_FILE,
        binds_itself: bool = False,
        launcher: Sequence[str] = (),
        ports: Sequence[int] = (0, 0),
    ) -> None:
        """
        Start a server on `path`; its log goes into `directory`.

        Args:
            path: the source.
            directory: where the log goes.
            workers: how many, None leaves it to the environment.
            arguments: more arguments for gunicorn.
            environ: more variables for it, on top of the few that it gets.
            config_file: gunicorn's.
            binds_itself: leave the two ports to gunicorn.
            launcher: a command that starts, in its own process, the command after it.
            ports: the public one and the operators', 0 for one that the kernel chooses.
        """
        self._sockets = [_listening_socket(port) for port in ports]
        self.port, self.admin_port = (s.getsockname()[1] for s in self._sockets)
        self._log_path = directory / f"server-{self.port}.log"
        options = [f"--bind=fd://{s.fileno()}" for s in self._sockets]
        if binds_itself:
            # gunicorn's USR2 knows no other way; the ports are free for a moment.
            self._close_sockets()
            options = []
        options += [] if workers is None else [f"--workers={workers}"]
        options += arguments
        with self._log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*launcher, _GUNICORN, "-c", config_file, *options],
                cwd=_ROOT,
                env=self._environ(path, environ or {}),
                pass_fds=[] if binds_itself else [s.fileno() for s in self._sockets],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._workers = workers or int((environ or {})["WEB_CONCURRENCY"])
        self.master = psutil.Process(self.process.pid)
        self._successor: psutil.Process | None = None

    def _environ(self, path: Path, more: Mapping[str, str]) -> dict[str, str]:
        kept = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START", "PYTHONPATH")
        environ = {name: os.environ[name] for name in kept if name in os.environ}
        environ["LIVECONFIG_PATH"] = str(path)
        environ["PORT"] = str(self.port)
        environ["LIVECONFIG_ADMIN_PORT"] = str(self.admin_port)
        # What is tested may be a copy of the package, which has to stay in front.
        paths = [each["PYTHONPATH"] for each in (environ, more) if "PYTHONPATH" in each]
        joined = {"PYTHONPATH": os.pathsep.join(paths)} if paths else {}
        return {**environ, **more, **joined}

    def wait_until_booted(self) -> Server:
        """Wait until every worker has booted, and give up the test's own sockets."""
        eventually(
            lambda: (
                self._has_ended() or self.log.count("Booting worker") >= self._workers
            )
        )
        assert not self._has_ended(), self.log
        self._close_sockets()
        return self

    def wait_until_ready(self, path: str = "/readyz") -> Server:
        """Wait until it answers; `path` is what the reference service is asked for."""
        self.wait_until_booted()
        eventually(lambda: self.get(path).status == 200)
        return self

    def wait_until_ended(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for the master's end and return its exit status."""
        self._close_sockets()
        if self._successor is not None:
            return int(self._successor.wait(seconds))
        return self.process.wait(seconds)

    def follow(self, successor: psutil.Process) -> None:
        """Take another master for this server's; the one before has ended."""
        self.process.wait()
        self.master = self._successor = successor

    def _has_ended(self) -> bool:
        if self._successor is not None:
            return all_ended([self._successor])
        return self.process.poll() is not None

    def _close_sockets(self) -> None:
        for listening in self._sockets:
            listening.close()

    @property
    def log(self) -> str:
        """Everything that was written to stdout and stderr so far."""
        return self._log_path.read_text(errors="replace")

    def lines(self, pattern: str) -> list[str]:
        """Return the log lines in which `pattern` is found."""
        return [line for line in self.log.splitlines() if re.search(pattern, line)]

    def wait_for_line(self, pattern: str) -> str:
        """Wait for a log line in which `pattern` is found, and check that it is one."""
        (line,) = eventually(lambda: self.lines(pattern))
        return line

    def get(self, path: str = "/", *, admin: bool = False, **headers: str) -> Answer:
        """Ask on a connection of its own; `If_None_Match=` sends If-None-Match."""
        port = self.admin_port if admin else self.port
        connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=PATIENCE_SECONDS
        )
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request("GET", path, headers=names)
            response = connection.getresponse()
            text = response.read().decode()
            return Answer(response.status, dict(response.headers), text)
        finally:
            connection.close()

    def status(self) -> Any:
        """Return what `/status` says, whichever worker answers."""
        return json.loads(self.get("/status", admin=True).text)

    def status_of_each_worker(self) -> dict[int, Any]:
        """Ask for `/status` until each worker that is alive has answered once."""
        statuses: dict[int, Any] = {}
        alive: set[int] = set()

        def is_complete() -> bool:
            for status in pool.map(lambda _: self.status(), range(2 * self._workers)):
                statuses[status["worker"]["pid"]] = status
            alive.clear()
            alive.update(self.worker_pids)
            return alive <= statuses.keys()

        # Several at a time, so that the kernel does not wake the same worker each time.
        with ThreadPoolExecutor(2 * self._workers) as pool:
            eventually(is_complete)
        return {pid: statuses[pid] for pid in alive}

    def wait_until_all_serve(self, message: str) -> None:
        """Wait until a worker serves `message`, and check that each one does then."""
        eventually(lambda: self.get().text == message)
        version = int(self.get().headers["config-version"])
        for status in self.status_of_each_worker().values():
            assert status["worker"]["version"] >= version

    @property
    def publisher(self) -> psutil.Process | None:
        """The publisher's process, None while there is none."""
        for child in self.master.children():
            if is_publisher(child):
                return child
        return None

    @property
    def worker_pids(self) -> set[int]:
        """The processes of the workers that are alive."""
        return {
            child.pid
            for child in self.master.children()
            if _title(child).startswith("gunicorn: worker")
        }

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the master."""
        os.kill(self.master.pid, number)

    def stop(self) -> None:
        """End the server as an operator would, and make sure that nothing is left."""
        family = self.family()
        if not self._has_ended():
            self.signal(signal.SIGTERM)
        try:
            self.wait_until_ended()
        finally:
            for process in family:
                if process.is_running():
                    process.kill()

    def family(self) -> list[psutil.Process]:
        """Return the master and everything it started that is alive now."""
        try:
            return [self.master, *self.master.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def is_publisher(process: psutil.Process) -> bool:
    """Tell whether `process` is a publisher that is alive."""
    title = _title(process)
    # The second is what it is called until it has loaded its modules.
    return title.startswith("liveconfig: publisher") or (
        "from liveconfig.publishing.start import" in title
    )


def is_guardian(process: psutil.Process) -> bool:
    """Tell whether `process` is what ends the workers of a killed master."""
    return _title(process).startswith("liveconfig: guardian")


def all_ended(processes: Sequence[psutil.Process]) -> bool:
    """Tell whether no process is alive; a zombie is left to whoever inherited it."""
    for process in processes:
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            continue
    return True


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def python_path(directory: Path) -> str:
    """Return a PYTHONPATH with `directory` in front of what this process has."""
    return os.pathsep.join(filter(None, [str(directory), os.getenv("PYTHONPATH")]))


def free_port() -> int:
    """Return a port that nobody listens on at present."""
    with _listening_socket() as listening:
        return int(listening.getsockname()[1])


def _listening_socket(port: int = 0) -> socket.socket:
    listening = socket.create_server(("127.0.0.1", port), backlog=128)
    listening.set_inheritable(True)
    return listening
