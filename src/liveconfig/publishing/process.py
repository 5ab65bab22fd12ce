"""
The publisher as a process: the one that watches.

Owns: its arguments, its title, its end; the watcher and what it calls.
Must not know: gunicorn, what a good config is.
Runs in: the publisher process.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path

from setproctitle import setproctitle

from liveconfig.errors import LiveconfigError, StartupError, printable
from liveconfig.memory.status import PublisherStatus
from liveconfig.processes.parent import end_with_parent
from liveconfig.processes.relay import FIRST, LOOK_AGAIN, MUST_FIT, ROLES, Sender
from liveconfig.publishing.fit import require_fit
from liveconfig.publishing.log import log
from liveconfig.publishing.outlets import Outlets
from liveconfig.publishing.owner import Owner, take_place
from liveconfig.publishing.publisher import Publisher
from liveconfig.publishing.trial_watcher import TrialWatcher
from liveconfig.schema.schema import Schema
from liveconfig.sentences.of_config import ENDS, FILE_MOUNT
from liveconfig.settings import Settings
from liveconfig.watch.mounts import is_single_file_mount

# In the order of `Outlets.attach`.
_OUTLETS = (
    "config",
    "status",
    "history",
    "proven",
    "candidate",
    "published",
    "workers",
)


def run(
    settings: Settings,
    descriptors: Sequence[int],
    relay: Sender,
    version_min: int = 0,
    role: str = FIRST,
) -> None:
    """
    Publish until SIGTERM comes.

    Args:
        settings: of the process.
        descriptors: of what it writes to, in the order of `Outlets.attach`.
        relay: takes the log, and that the source was read.
        version_min: a version that there was; only newer ones are published.
        role: what is done before the records are claimed, one of `ROLES`.

    Raises:
        LiveconfigError: there is nothing to serve: the first source of all is missing
            or invalid, the schema does not load or fit, or another publisher is alive.
    """
    schema = Schema.load(settings.schema)
    if role == MUST_FIT:
        require_fit(settings, schema, descriptors[0])
    if role != FIRST:
        _wait_for_place(relay)
    publisher = Publisher(settings, schema, Outlets.attach(*descriptors), version_min)
    watcher = TrialWatcher(
        publisher,
        settings.path,
        publisher.refresh,
        settle_ms=settings.settle_ms,
        poll_seconds=settings.poll_seconds,
        on_mode_change=publisher.set_mode,
    )
    signal.signal(signal.SIGTERM, lambda *_: watcher.stop())
    signal.signal(LOOK_AGAIN, lambda *_: watcher.wake())
    if role != FIRST:
        # Workers that gunicorn's reloader ends have ended before this one starts.
        publisher.renew(is_awaited=role == MUST_FIT)
    if is_single_file_mount(settings.path):
        log.write(FILE_MOUNT, printable(settings.path))
    if publisher.is_wary:
        # It may end this one as well: what there is in the cache is served before.
        publisher.fall_back("fail")
        if publisher.status.version:
            relay.send_ready()
    watcher.act()
    is_known = bool(version_min or publisher.status.version)
    if not publisher.has_config:
        # Defaults are for a first start; what workers hold is better than those.
        publisher.fall_back("fail" if is_known else settings.on_missing)
    if not is_known and settings.on_missing != "wait":
        _require_a_version(publisher.status)
    relay.send_ready()
    watcher.run()
    publisher.close()
    watcher.close()


def _wait_for_place(relay: Sender) -> None:
    """Wait until the publisher before has ended, which its master brings about."""
    # Blocked, so that it is not lost on the way to the wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, [LOOK_AGAIN])
    relay.send_fits()
    signal.sigwait([LOOK_AGAIN])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [LOOK_AGAIN])


def _require_a_version(status: PublisherStatus) -> None:
    if status.version:
        return
    if status.missing is not None:
        raise StartupError(status.missing.problem)
    assert status.rejected is not None
    raise status.rejected.error.as_exception()


def _end_first_without_memory() -> None:
    """Have the kernel end this process before all others: the workers serve on."""
    # Where it may not be written, the kernel chooses by size.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def main(arguments: Sequence[str]) -> int:
    """Run the publisher process; the supervisor of the master starts it."""
    parser = argparse.ArgumentParser(prog="liveconfig publisher")
    parser.add_argument("--parent-pid", type=int, required=True)
    for name in (*_OUTLETS, "relay"):
        parser.add_argument(f"--{name}-descriptor", type=int, required=True)
    parser.add_argument("--version-min", type=int, default=0)
    parser.add_argument("--found", action="append")
    parser.add_argument("--role", choices=ROLES, default=FIRST)
    parser.add_argument("--owner", default="")
    parser.add_argument("--timeout", type=int, default=0)
    options = parser.parse_args(arguments)
    _end_first_without_memory()
    relay = Sender(options.relay_descriptor)
    log.connect(relay.send)
    try:
        settings = Settings.from_environ().for_workers(options.timeout)
        setproctitle(f"liveconfig: publisher [{printable(settings.path)}]")
        if options.owner:
            take_place(Owner.parse(options.owner), settings.path)
        # The kernel forgets this with every change of the user.
        end_with_parent(options.parent_pid, signal.SIGKILL)
        descriptors = [getattr(options, f"{name}_descriptor") for name in _OUTLETS]
        run(settings, descriptors, relay, options.version_min, options.role)
    except LiveconfigError as error:
        log.write(ENDS, error)
        return 1
    return 0
