"""
The gunicorn hooks: `from liveconfig.gunicorn import *` in a gunicorn config file.

Owns: which hook does what; the one supervisor of this master.
Must not know: how the publisher works, what is in a config.
Runs in: the gunicorn master, and for a moment in every worker it forks.

gunicorn executes its config file again on HUP, so what must last is kept here. A config
file with a hook of its own under one of these names calls ours from it; where it does
not, the log says so.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from liveconfig.errors import StartupError
from liveconfig.master import arbiter, hooks
from liveconfig.master.guardian import Guardian
from liveconfig.master.supervisor import Supervisor
from liveconfig.memory import kernel, shared
from liveconfig.memory.shared import SharedMemory
from liveconfig.processes.parent import end_with_parent
from liveconfig.sentences import of_processes as sentences
from liveconfig.settings import Settings
from liveconfig.worker import door, follower, manager, own_ports
from liveconfig.worker.counting import Counter, calls_hooks, is_asgi

__all__ = [
    "dirty_post_fork",
    "dirty_worker_exit",
    "dirty_worker_init",
    "on_dirty_starting",
    "on_exit",
    "on_reload",
    "on_starting",
    "post_fork",
    "post_request",
    "post_worker_init",
    "pre_fork",
    "pre_request",
]

_STDERR = 2
_OF_REQUESTS = ("pre_request", "post_request")

_supervisor: Supervisor | None = None
_counter: Counter | None = None
_is_blindness_logged = False
_guardian: Guardian | None = None

Read = TypeVar("Read")


def settings(read: Callable[[], Read]) -> Read:
    """Return settings, or end with one sentence: for use in a config file."""
    try:
        return read()
    except StartupError as error:
        _fail(error)


@hooks.noted
def on_starting(server: Any) -> None:
    """Make the shared memory and start the publisher; wait for the first config."""
    global _supervisor, _guardian
    if _supervisor is not None:
        return
    try:
        _supervisor = _start(server)
        _guardian = _start_guardian(_supervisor)
    except StartupError as error:
        if server.pidfile is not None:
            server.pidfile.unlink()
        _fail(error, server.log)
    arbiter.attach(server, _supervisor, _guardian)
    hooks.complete(server, _completed_hooks())


def on_reload(server: Any) -> None:
    """Do nothing: whatever is reloaded fits, or there would be no reload."""


@hooks.noted
def on_exit(server: Any) -> None:
    """End publisher and guardian after the workers have ended."""
    if _supervisor is not None:
        _supervisor.stop()
    if _guardian is not None:
        _guardian.stop()


@hooks.noted
def pre_fork(server: Any, worker: Any) -> None:
    """Set a row of the worker table aside for a worker that is about to be forked."""
    if _supervisor is None and not server.WORKERS:
        # A hook of their own is in the place of the one that starts it.
        sentences.STARTED_LATE.write(server.log, *_without_start(server.cfg))
        on_starting(server)
    if _supervisor is not None:
        _supervisor.shared.workers.give_out(worker.age)
        _log_if_blind(server, worker)


@hooks.noted
def post_fork(server: Any, worker: Any) -> None:
    """Close in a new worker what belongs to the master alone; take its row."""
    if _supervisor is None:
        sentences.NOT_STARTED.write(worker.log, *_without_start(worker.cfg))
        return
    _supervisor.close_in_child()
    _hand_over(worker)
    if not _supervisor.shared.workers.enter(worker.age):
        sentences.NO_ROW.write(worker.log)


@hooks.noted
def post_worker_init(worker: Any) -> None:
    """Have the worker follow the publications, serve operators, and end in time."""
    end_with_parent(worker.ppid, signal.SIGTERM)
    if _supervisor is not None:
        _wait_to_serve_or_end(worker, _supervisor.shared)
    _serve_own_ports(worker)
    if _supervisor is not None:
        _follow(worker, _supervisor.shared)
        _count(worker, _supervisor.shared)


@hooks.noted
def pre_request(worker: Any, req: Any) -> None:
    """Note which version a request gets."""
    if _counter is not None:
        _counter.begin(worker, req)


@hooks.noted
def post_request(worker: Any, req: Any, environ: Any, resp: Any) -> None:
    """Count the request, and whether it failed, for the version that it got."""
    if _counter is not None:
        _counter.end(worker, req, environ, resp)


@hooks.noted
def on_dirty_starting(arbiter: Any) -> None:
    """Have gunicorn's arbiter of dirty workers give out rows of its own."""
    end_with_parent(arbiter.ppid, signal.SIGTERM)
    if _supervisor is not None:
        _supervisor.close_in_child()
        _supervisor.shared.workers.begin_dirty()


@hooks.noted
def dirty_post_fork(arbiter: Any, worker: Any) -> None:
    """Give a dirty worker its row; gunicorn calls this in its parent."""
    if _supervisor is not None:
        _supervisor.shared.workers.assign(worker.pid)


@hooks.noted
def dirty_worker_init(worker: Any) -> None:
    """Have a dirty worker follow the publications, and end when its arbiter does."""
    # gunicorn forgets a SIGTERM that comes before its loop runs, and an arbiter that is
    # gone takes no results any more.
    end_with_parent(worker.ppid, signal.SIGKILL)
    if _supervisor is None:
        return
    if not _supervisor.shared.workers.enter_assigned():
        sentences.NO_DIRTY_ROW.write(worker.log)
    manager.enter_row()
    _follow(worker, _supervisor.shared)


@hooks.noted
def dirty_worker_exit(arbiter: Any, worker: Any) -> None:
    """Take back the row of a dirty worker that has ended."""
    if _supervisor is not None:
        _supervisor.shared.workers.take_back_all_but(set(arbiter.workers))


def _completed_hooks() -> dict[str, hooks.Hook]:
    # Nothing of ours runs before our `on_starting`, and our `on_reload` does nothing.
    needless = {"on_starting", "on_reload"}
    return {name: globals()[name] for name in __all__ if name not in needless}


def _without_start(cfg: Any) -> tuple[str, str]:
    """Return where the hook is that does not start ours, and what to add to it."""
    return hooks.place(cfg.on_starting), hooks.advice("on_starting", on_starting)


def _wait_to_serve_or_end(worker: Any, memory: SharedMemory) -> None:
    def is_wanted() -> bool:
        # Or gunicorn takes it for one that hangs.
        worker.notify()
        return bool(worker.alive)

    if not door.wait_to_serve(memory, is_wanted):
        # Anything but 0 is an error to gunicorn, 3 and 4 the end of the whole service.
        sys.exit(0)


def _follow(worker: Any, memory: SharedMemory) -> None:
    try:
        follower.start(memory)
    except (OSError, RuntimeError) as error:
        sentences.NOT_NOTIFIED.write(worker.log, error)


def _count(worker: Any, memory: SharedMemory) -> None:
    """Have the requests of a worker be counted, at no cost where they are not."""
    global _counter
    others: dict[str, hooks.Hook] = {}
    settings, row = Settings.from_environ(), memory.workers.own
    if row is not None:
        counter = Counter(worker, memory, row, settings.trial_ignore)
        is_off = settings.trial == "off"
        if not is_off and is_asgi(worker):
            worker.asgi = counter.around(worker.asgi)
        elif not is_off and calls_hooks(worker):
            _counter = counter
            others = {"pre_request": counter.begin_alone, "post_request": counter.end}
        else:
            row.note_blind()
    ours = _completed_hooks()
    hooks.replace(worker.cfg, {name: ours[name] for name in _OF_REQUESTS}, others)


def _log_if_blind(server: Any, worker: Any) -> None:
    """Log, once, that the requests of this class of worker cannot be counted."""
    global _is_blindness_logged
    is_blind = not (is_asgi(worker) or calls_hooks(worker))
    if is_blind and not _is_blindness_logged and Settings.from_environ().trial != "off":
        kind = type(worker)
        name = f"{kind.__module__}.{kind.__qualname__}"
        sentences.NOT_COUNTED.write(server.log, name)
        _is_blindness_logged = True


def _hand_over(worker: Any) -> None:
    if _guardian is None:
        return
    try:
        _guardian.take_charge(os.getpid(), worker.cfg.graceful_timeout)
    except OSError as error:
        sentences.NOT_GUARDED.write(worker.log, error)
    _guardian.close()


def _serve_own_ports(worker: Any) -> None:
    try:
        own_ports.serve(worker)
    except (OSError, RuntimeError) as error:
        sentences.PORT_FAILS.write(worker.log, error)


def _start(server: Any) -> Supervisor:
    if not sys.platform.startswith("linux"):
        raise StartupError(
            f"this is {sys.platform}: liveconfig needs Linux (inotify and memfd); "
            "run it in a container"
        )
    _open_standard_streams()
    kernel.require()
    settings = Settings.from_environ()

    def log(level: int, text: str) -> None:
        # Through the server: HUP may have given it another logger.
        server.log.log(level, "liveconfig: %s", text)

    try:
        memory = SharedMemory.create(settings.payload_bytes_max)
    except OSError as error:
        raise StartupError(
            f"cannot make the shared memory: {error.strerror}; raise the memory limit "
            "or the limit of open files (ulimit -n)"
        )

    def options() -> list[str]:
        cfg = server.cfg
        owner = f"{cfg.uid}:{cfg.gid}:{int(cfg.initgroups)}"
        return ["--owner", owner, "--timeout", str(cfg.timeout)]

    supervisor = Supervisor(memory, log, settings.poll_seconds, options)
    supervisor.start()
    shared.bind(memory)
    return supervisor


def _start_guardian(supervisor: Supervisor) -> Guardian:
    try:
        guardian = Guardian()
        guardian.start()
    except OSError as error:
        supervisor.stop()
        raise StartupError(
            f"cannot start the process that ends workers after their master: {error}; "
            "raise the limit of processes or of open files (ulimit -u, ulimit -n)"
        )
    return guardian


def _open_standard_streams() -> None:
    """Give no memory the number of a stream that is closed: it would be written to."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _fail(error: StartupError, log: Any = None) -> NoReturn:
    """End with one sentence, in the log and where the operator sees it."""
    if log is not None:
        sentences.START_FAILS.write(log, error)
    if sys.stderr is not None and not _is_shown(log):
        sys.stderr.write(f"liveconfig: {error}\n")
        sys.stderr.flush()
    # Not 3 or 4, which mean something else to gunicorn.
    sys.exit(1)


def _is_shown(log: Any) -> bool:
    """Return whether what gunicorn's logger writes is seen on stderr as well."""
    logger = getattr(log, "error_log", None)
    while isinstance(logger, logging.Logger):
        for handler in logger.handlers:
            # A logger may be any class, and its streams anything that can be written.
            with contextlib.suppress(AttributeError, OSError, TypeError, ValueError):
                stream = handler.stream  # type: ignore[attr-defined]
                if os.path.sameopenfile(stream.fileno(), _STDERR):
                    return True
        logger = logger.parent if logger.propagate else None
    return False
