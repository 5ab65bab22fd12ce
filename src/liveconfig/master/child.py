"""
The publisher as a child of the master: its start, its signs of life, its end.

Owns: the process, the descriptors that it gets, how it is asked to act and ended.
Must not know: when one is started or ended, what it publishes.
Runs in: the gunicorn master.

Why a pidfd: the master reaps every child, and a number may belong to another process
the moment after.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from liveconfig.errors import StartupError
from liveconfig.master import interpreter
from liveconfig.master.hang import Vigil
from liveconfig.memory import kernel
from liveconfig.memory.shared import SharedMemory
from liveconfig.processes.relay import FIRST, LOOK_AGAIN, READY, Relay

# A start that hangs is seen this much later, and waiting costs two calls a second.
_LOOK_SECONDS = 0.5
# Far more than its end takes, and far less than gunicorn gives its workers.
_STOP_SECONDS = 2.0
# A shell or a debugger stops a process for moments; one that is left stopped is dead.
_STOPPED_SECONDS_MAX = 5.0

# What helps where there is no descriptor or no process.
_ADVICE = {
    errno.EMFILE: "raise the limit (ulimit -n)",
    errno.ENFILE: "raise fs.file-max",
    errno.EAGAIN: "raise the limit of processes (ulimit -u, or pids of the container)",
    errno.ENOMEM: "raise the memory limit",
    errno.ENOENT: "start gunicorn by the full path of its Python",
}


class Child:
    """
    One publisher process and the master's ends of what ties them together.

    Attributes:
        pid: its number.
        started_at: when it was started, by the monotonic clock.
        relay: what it logs.
    """

    def __init__(
        self,
        shared: SharedMemory,
        version_min: int,
        role: str = FIRST,
        options: Sequence[str] = (),
    ) -> None:
        """
        Start the process; it claims the records itself.

        Args:
            shared: the memory that it writes.
            version_min: a version that there was; it publishes newer ones only.
            role: what it does before it claims the records, one of `ROLES`.
            options: what else it must know, as options of its command line.

        Raises:
            StartupError: there is no descriptor or no process; nothing is left.
        """
        try:
            self.relay = Relay()
        except OSError as error:
            raise _cannot_start(error)
        try:
            self.relay.wake_on_message()
            self.pid, self._pidfd = _spawn(
                *shared.descriptors,
                self.relay.sender,
                version_min=version_min,
                role=role,
                options=options,
            )
        except OSError as error:
            self.relay.close()
            raise _cannot_start(error)
        except StartupError:
            self.relay.close()
            raise
        finally:
            os.close(self.relay.sender)
        self.started_at = time.monotonic()
        self._running_at = self.started_at
        self._shared = shared
        self._vigil = Vigil(self.pid)
        self._status_version = -1
        self._is_working = True
        self._is_condemned = False
        self._end = ""

    def reap(self) -> bool:
        """Leave no zombie of the process; return whether it is gone."""
        if not _wait_readable([self._pidfd], 0):
            return False
        # The master's own reaping may have been faster.
        with contextlib.suppress(ChildProcessError):
            end = os.waitid(kernel.P_PIDFD, self._pidfd, os.WEXITED)
            if end is not None:
                self._end = _in_words(end)
        return True

    def trouble(self, pulse_seconds: float) -> str:
        """
        Return how the process hangs, in words that follow its name; "" if it is well.

        Args:
            pulse_seconds: how often, at least, it looks at the source, and says so.
        """
        stopped_seconds = self._stopped_seconds()
        if stopped_seconds > _STOPPED_SECONDS_MAX:
            return f"has been stopped for {stopped_seconds:.0f} s"
        version = self._shared.status.version
        if version != self._status_version:
            self._status_version = version
            status = self._shared.publisher_status()
            # It starts for as long as it has said nothing.
            self._is_working = (
                status is None
                or status.pid != self.pid
                or (status.attempt is not None and not status.attempt.is_over)
            )
        return self._vigil.trouble(version, pulse_seconds, is_working=self._is_working)

    def kill(self) -> bool:
        """Kill the process without waiting; return whether this is the first time."""
        is_first, self._is_condemned = not self._is_condemned, True
        self._send(signal.SIGKILL)
        return is_first

    def ask_to_end(self) -> None:
        """Ask the process to end, without waiting."""
        self._send(signal.SIGTERM)

    def look_again(self) -> None:
        """Have a living process look at source and record, though nothing changed."""
        self._send(LOOK_AGAIN)

    def wait_ready(self) -> list[tuple[int, str]]:
        """
        Wait for the first read of the source; return the lines logged until then.

        Raises:
            StartupError: the process ended instead, with its last words, or it hangs;
                it may still be alive then.
        """
        lines: list[tuple[int, str]] = []
        while True:
            _wait_readable([self.relay.fileno(), self._pidfd], _LOOK_SECONDS)
            if trouble := self.trouble(0.0):
                raise StartupError(
                    f"the publisher {trouble} while it starts: look for who stopped "
                    "it, or for what the schema's own code waits for"
                )
            ended = self.reap()
            for level, text in self.relay.messages():
                if level == READY:
                    return lines
                lines.append((level, text))
            if ended:
                words = [text for level, text in lines if level >= logging.CRITICAL]
                raise StartupError(words[-1] if words else self._last_words())

    def stop(self) -> None:
        """End the process, by force if need be, and wait until it is gone."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.reap():
                return
            self._send(number)
            _wait_readable([self._pidfd], _STOP_SECONDS)
        self.reap()

    def close(self) -> None:
        """Let go of the process; it is neither ended nor reaped by this."""
        self.relay.close()
        os.close(self._pidfd)

    def _last_words(self) -> str:
        return (
            f"the publisher died{self._end} before it said why; it was started by "
            f"{sys.executable}, and what else it wrote is on stderr"
        )

    def _send(self, number: signal.Signals) -> None:
        # It may have ended, and been reaped by the master, since it was looked at.
        with contextlib.suppress(ProcessLookupError):
            kernel.pidfd_send_signal(self._pidfd, number)

    def _stopped_seconds(self) -> float:
        """Return for how long the process was seen stopped, 0.0 while it runs."""
        now = time.monotonic()
        # Without taking the news away: it is there for as long as the process stands.
        options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        is_stopped = False
        with contextlib.suppress(ChildProcessError):
            is_stopped = os.waitid(kernel.P_PIDFD, self._pidfd, options) is not None
        if not is_stopped:
            self._running_at = now
        return now - self._running_at


def _spawn(
    *descriptors: int, version_min: int, role: str, options: Sequence[str]
) -> tuple[int, int]:
    """Start the publisher and return its number and its pidfd."""
    process = subprocess.Popen(
        _command(version_min, role, options, *descriptors),
        stdin=subprocess.DEVNULL,
        pass_fds=descriptors,
        # Ctrl-C is for the master, which ends its children in order.
        start_new_session=True,
    )
    # The pidfd is what knows; this keeps `subprocess` from waiting for the number.
    process.returncode = 0
    try:
        return process.pid, kernel.pidfd_open(process.pid)
    except OSError:
        # Nobody has waited for it yet, so the number is still its own.
        os.kill(process.pid, signal.SIGKILL)
        raise


def _in_words(end: os.waitid_result) -> str:
    if end.si_code == os.CLD_EXITED:
        return f" with status {end.si_status}"
    return f" by signal {end.si_status}"


def _cannot_start(error: OSError) -> StartupError:
    problem = os.strerror(error.errno or 0).lower()
    # Where a limit is reached, any other file could not be opened either.
    if error.filename and error.errno not in (errno.EMFILE, errno.ENFILE):
        problem = f"{error.filename}: {problem}"
    advice = _ADVICE.get(error.errno or 0, "mend that, and start it again")
    return StartupError(f"cannot start the publisher: {problem}; {advice}")


def _command(
    version_min: int,
    role: str,
    options: Sequence[str],
    config: int,
    status: int,
    history: int,
    proven: int,
    candidate: int,
    published: int,
    workers: int,
    relay: int,
) -> list[str]:
    arguments = ["--parent-pid", str(os.getpid())]
    arguments += ["--version-min", str(version_min), "--role", role]
    arguments += options
    arguments += ["--config-descriptor", str(config)]
    arguments += ["--status-descriptor", str(status)]
    arguments += ["--history-descriptor", str(history)]
    arguments += ["--proven-descriptor", str(proven)]
    arguments += ["--candidate-descriptor", str(candidate)]
    arguments += ["--published-descriptor", str(published)]
    arguments += ["--workers-descriptor", str(workers)]
    arguments += ["--relay-descriptor", str(relay)]
    return interpreter.command(arguments)


def _wait_readable(descriptors: list[int], seconds: float) -> bool:
    """Wait until one of them can be read, or the time is over; return which it was."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
