"""
What the gunicorn master does beyond its hooks, for which it has none.

Owns: what of gunicorn's arbiter is called in our place, and when.
Must not know: how a publisher is started or tried, what is in a config.
Runs in: the gunicorn master.

Why at these methods: `child_exit` is often somebody's own, and not called for a worker
that others have waited for. `reap_workers` is what the master does at every SIGCHLD and
while it waits in a reload; `murder_workers` is what it does once a second, and after
every signal; `reload` is what it does at HUP, and `halt` at its end.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from liveconfig.master.deaths import Deaths
from liveconfig.master.guardian import Guardian
from liveconfig.master.supervisor import Supervisor
from liveconfig.sentences import of_processes as sentences
from liveconfig.settings import kept_environ

# How often a reload is tried whose publisher dies on the way without a word.
_TRIES_MAX = 3


def attach(server: Any, supervisor: Supervisor, guardian: Guardian) -> None:
    """
    Have the master's loop look after publisher and guardian, and after workers' rows.

    A reload is put off until a publisher has shown, in a process of its own, that the
    code and the settings as they are now fit what is to be served.
    """
    reap_workers, murder_workers = server.reap_workers, server.murder_workers
    reload = server.reload
    deaths = Deaths(server, supervisor.shared.workers, supervisor.look_again)
    tries = 0

    def look() -> None:
        living = {worker.age for worker in server.WORKERS.values()}
        has_fewer = supervisor.shared.workers.take_back_all_but(living)
        # gunicorn's reloader ends workers so that others have the new code; the
        # publisher must have it too.
        if has_fewer and server.cfg.reload:
            supervisor.replace_publisher(must_fit=False)

    def try_before_reload() -> None:
        nonlocal tries
        tries = 1
        sentences.RELOAD_TRIED.write(server.log)
        _try(server, supervisor)

    def go_on_with_reload() -> None:
        nonlocal tries
        outcome = supervisor.take_outcome()
        if outcome == "ready":
            reload()
        elif outcome == "died" and tries < _TRIES_MAX:
            tries += 1
            sentences.RELOAD_TRIED_AGAIN.write(server.log)
            _try(server, supervisor)
        elif outcome == "died":
            sentences.RELOAD_DIES.write(server.log, tries)

    def reap_workers_and_look() -> None:
        supervisor.check()
        with deaths.counted():
            reap_workers()
        look()

    def murder_workers_and_look() -> None:
        supervisor.check()
        _start_again_if_ended(server, guardian)
        murder_workers()
        look()
        go_on_with_reload()

    server.reap_workers = reap_workers_and_look
    server.murder_workers = murder_workers_and_look
    server.reload = try_before_reload
    _note_ends_of_itself(server, supervisor)


def _note_ends_of_itself(server: Any, supervisor: Supervisor) -> None:
    """Have the publisher not end in order where nobody has asked the master to end."""
    halt = server.halt

    def end_publisher_and_halt(reason: Any = None, exit_status: int = 0) -> None:
        if exit_status:
            # Workers do not boot, which may be for what is on trial.
            supervisor.stop(is_in_order=False)
        halt(reason, exit_status)

    server.halt = end_publisher_and_halt


def _start_again_if_ended(server: Any, guardian: Guardian) -> None:
    """Start another guardian, and give it charge of the workers that there are."""
    if not guardian.reap():
        return
    # Tried again a second later; until then all is as without it.
    with contextlib.suppress(OSError):
        guardian.start()
        for worker in tuple(server.WORKERS):
            # One that cannot be handed over keeps no other from it.
            with contextlib.suppress(OSError):
                guardian.take_charge(worker, server.cfg.graceful_timeout)


def _try(server: Any, supervisor: Supervisor) -> None:
    try:
        with _as_after_reload(server):
            supervisor.replace_publisher(must_fit=True)
    # What gunicorn does when its config file is no good, which it has logged by then.
    except SystemExit:
        sentences.CONFIG_FILE_FAILS.write(server.log)


@contextlib.contextmanager
def _as_after_reload(server: Any) -> Iterator[None]:
    """Have environment and module path as after a reload, for as long as within."""
    app, cfg = server.app, server.app.cfg
    folder, path = os.getcwd(), list(sys.path)
    with kept_environ() as environ:
        try:
            # As the arbiter's `reload` and `setup` do.
            for name in cfg.env:
                environ.pop(name, None)
                if name in cfg.env_orig:
                    environ[name] = cfg.env_orig[name]
            app.reload()
            environ.update(app.cfg.env)
            yield
        finally:
            app.cfg = cfg
            sys.path[:] = path
            os.chdir(folder)
