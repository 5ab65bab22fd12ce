"""
The publisher as the master's child: started, watched over, ended.

Owns: the child process, its descriptors, when it is started again.
Must not know: gunicorn, what is published.
Runs in: the gunicorn master.

Why no thread: the master forks workers at any moment, and a forked copy of a thread's
locks would stop a worker. `check` is called from the master's own loop instead.
Why a pidfd: the master reaps every child, and a number may belong to another process
the moment after.
Why the version of the status is the publisher's pulse: it writes its status whenever it
has looked at the source, so at least once in every `poll_seconds`, and nobody has to
wake it to ask.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

from liveconfig.errors import StartupError
from liveconfig.record import Record
from liveconfig.relay import LOOK_AGAIN, READY, Relay

# How long the publisher may take to read the source for the first time.
_START_SECONDS = 30.0
# How long it may take to end when it is asked to.
_STOP_SECONDS = 2.0
# How often the records are looked through for damage.
_RECORD_SECONDS = 1.0
# How long it may be stopped (SIGSTOP, a debugger that was left) before it is replaced.
_STOPPED_SECONDS_MAX = 5.0
# How much later than it must its pulse may come, on a machine that is busy.
_LATE_SECONDS_MAX = 30.0

# It is started again at once when it has lived for a while, and ever more slowly when
# it dies young: a schema that crashes must not take a core.
_YOUNG_SECONDS = 10.0
_DELAY_SECONDS_MIN = 0.1
_DELAY_SECONDS_MAX = 30.0

Log = Callable[[int, str], None]


class Child:
    """One publisher process and the master's ends of what ties them together."""

    def __init__(self, config: Record, status: Record) -> None:
        """
        Start the process; it claims both records itself.

        Raises:
            StartupError: no descriptor or no process is to be had; nothing is left.
        """
        try:
            self.relay = Relay()
        except OSError as error:
            raise _not_to_be_had(error)
        try:
            self.relay.wake_on_message()
            self.pid, self._pidfd = _spawn(
                config.descriptor, status.descriptor, self.relay.sender
            )
        except OSError as error:
            self.relay.close()
            raise _not_to_be_had(error)
        finally:
            os.close(self.relay.sender)
        self.started_at = time.monotonic()
        self._running_at = self.started_at
        self._pulse = -1
        self._pulse_at = self.started_at
        self._is_condemned = False

    def has_ended(self) -> bool:
        """Tell whether the process is gone, and leave no zombie if it is."""
        if not _is_readable(self._pidfd, 0):
            return False
        # The master's own reaping may have been faster.
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
        return True

    def hang(self, pulse: int, pulse_seconds: float) -> str:
        """
        Say how the process hangs, in words that follow its name; "" if it is well.

        Args:
            pulse: a number that it changes at least once in every `pulse_seconds`.
            pulse_seconds: see there.
        """
        now = time.monotonic()
        if not self._is_stopped():
            self._running_at = now
        if pulse != self._pulse:
            self._pulse, self._pulse_at = pulse, now
        if now - self._running_at > _STOPPED_SECONDS_MAX:
            return f"has been stopped for {now - self._running_at:.0f} s"
        if now - self._pulse_at > pulse_seconds + _LATE_SECONDS_MAX:
            return f"has done nothing for {now - self._pulse_at:.0f} s"
        return ""

    def kill(self) -> bool:
        """Kill the process without waiting; tell whether this is the first time."""
        is_first, self._is_condemned = not self._is_condemned, True
        signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        return is_first

    def look_again(self) -> None:
        """Have a living process look at source and record, though nothing changed."""
        signal.pidfd_send_signal(self._pidfd, LOOK_AGAIN)

    def _is_stopped(self) -> bool:
        # Without taking the news away: it is there for as long as the process stands.
        options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PIDFD, self._pidfd, options) is not None
        return False

    def wait_ready(self) -> list[tuple[int, str]]:
        """
        Wait for the first read of the source; return the lines logged until then.

        Raises:
            StartupError: the process ended instead, with its last words, or it took
                too long; it may still be alive then.
        """
        lines: list[tuple[int, str]] = []
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            _wait_readable([self.relay.fileno(), self._pidfd], deadline)
            ended = self.has_ended()
            for level, text in self.relay.messages():
                if level == READY:
                    return lines
                lines.append((level, text))
            if ended:
                words = [text for level, text in lines if level >= logging.CRITICAL]
                raise StartupError(words[-1] if words else "the publisher died")
        raise StartupError(f"the publisher did not start in {_START_SECONDS:.0f} s")

    def stop(self) -> None:
        """End the process, by force if need be, and wait until it is gone."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.has_ended():
                return
            signal.pidfd_send_signal(self._pidfd, number)
            _is_readable(self._pidfd, _STOP_SECONDS)
        self.has_ended()

    def close(self) -> None:
        """Let go of the process; it is neither ended nor reaped by this."""
        self.relay.close()
        os.close(self._pidfd)


class Supervisor:
    """
    Keep one publisher running.

    Attributes:
        restarts: how often a publisher was started because one had died.
    """

    def __init__(
        self, config: Record, status: Record, log: Log, poll_seconds: float
    ) -> None:
        """
        Prepare; nothing runs yet.

        Args:
            config: the record of configs.
            status: the record of the publisher's state.
            log: takes a level of `logging` and a text.
            poll_seconds: how often, at least, the publisher looks at the source.
        """
        self.restarts = 0
        self._poll_seconds = poll_seconds
        self._records_at = 0.0
        self._version = 0
        self._is_damaged = False
        self._config = config
        self._status = status
        self._log = log
        self._child: Child | None = None
        self._delay_seconds = 0.0
        self._start_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The publisher's process, None while there is none."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """
        Start the publisher and wait until there is a config to serve.

        Raises:
            StartupError: there is none; no process is left.
        """
        try:
            self._child = Child(self._config, self._status)
            self._tell(self._child.wait_ready())
        except StartupError:
            self.stop()
            raise

    def replace(self) -> None:
        """
        Put a new publisher in the place of the old one, with the code as it is now.

        Returns when it has read the source. If it cannot, the log says so, the record
        keeps what it has, and `check` goes on trying.
        """
        self.stop()
        try:
            self.start()
        except StartupError as error:
            self._log(logging.ERROR, f"the publisher does not start: {error}")
            self._schedule(lived_seconds=0.0)

    def check(self) -> None:
        """Pass on what the publisher logged, and start it again if it is due."""
        child = self._child
        if child is not None:
            ended = child.has_ended()
            self._tell(child.relay.messages())
            if ended:
                self._bury(child)
            else:
                self._look_after(child)
        elif self._start_at is not None and time.monotonic() >= self._start_at:
            self._restart()

    def stop(self) -> None:
        """End the publisher and leave nothing of it; the records stay."""
        self._start_at = None
        child, self._child = self._child, None
        if child is not None:
            child.stop()
            self._tell(child.relay.messages())
            child.close()

    def forget(self) -> None:
        """Close what a forked child must not hold; the publisher is not its own."""
        child, self._child = self._child, None
        self._start_at = None
        if child is not None:
            child.close()

    def _look_after(self, child: Child) -> None:
        """End a publisher that hangs, and have one that is well mend the records."""
        trouble = child.hang(self._status.version, self._poll_seconds)
        if trouble:
            # It is started again when it is gone: never are there two.
            if child.kill():
                self._log(
                    logging.ERROR,
                    f"the publisher (pid {child.pid}) {trouble}; it is killed, the "
                    "workers serve on",
                )
            return
        now = time.monotonic()
        if now - self._records_at < _RECORD_SECONDS:
            return
        self._records_at = now
        if not self._has_damage():
            self._is_damaged = False
            return
        if not self._is_damaged:
            self._is_damaged = True
            self._log(
                logging.CRITICAL,
                "the record was overwritten by something else; the workers keep their "
                "config, and the publisher is told to publish it again",
            )
        child.look_again()

    def _has_damage(self) -> bool:
        for record in (self._config, self._status):
            record.mend_header()
        if self._config.is_whole(self._version) and self._status.is_whole(0):
            self._version = self._config.version
            return False
        return True

    def _bury(self, child: Child) -> None:
        self._child = None
        child.close()
        self._schedule(time.monotonic() - child.started_at)
        self._log(
            logging.ERROR,
            f"the publisher (pid {child.pid}) died; the workers serve on, it starts "
            f"again in {self._delay_seconds:.1f} s",
        )
        self.check()

    def _schedule(self, lived_seconds: float) -> None:
        if lived_seconds >= _YOUNG_SECONDS:
            self._delay_seconds = 0.0
        elif self._delay_seconds or self.restarts:
            doubled = max(_DELAY_SECONDS_MIN, 2 * self._delay_seconds)
            self._delay_seconds = min(_DELAY_SECONDS_MAX, doubled)
        self._start_at = time.monotonic() + self._delay_seconds

    def _restart(self) -> None:
        self._start_at = None
        self.restarts += 1
        try:
            self._child = Child(self._config, self._status)
        except StartupError as error:
            # No reason to end the master, which would end the workers.
            self._log(logging.ERROR, f"the publisher does not start: {error}")
            self._schedule(lived_seconds=0.0)

    def _tell(self, lines: Iterable[tuple[int, str]]) -> None:
        for level, text in lines:
            if level != READY:
                self._log(level, text)


def _spawn(*descriptors: int) -> tuple[int, int]:
    """Start the publisher and return its number and its pidfd."""
    process = subprocess.Popen(
        _command(*descriptors),
        stdin=subprocess.DEVNULL,
        pass_fds=descriptors,
        # Ctrl-C is for the master, which ends its children in order.
        start_new_session=True,
    )
    # The pidfd is what knows; this keeps `subprocess` from waiting for the number.
    process.returncode = 0
    try:
        return process.pid, os.pidfd_open(process.pid)
    except OSError:
        # Nobody has waited for it yet, so the number is still its own.
        os.kill(process.pid, signal.SIGKILL)
        raise


def _not_to_be_had(error: OSError) -> StartupError:
    return StartupError(f"no process for it is to be had: {error}")


def _command(config: int, status: int, relay: int) -> list[str]:
    command = [sys.executable, "-m", "liveconfig.publisher_process"]
    command += ["--parent-pid", str(os.getpid())]
    command += ["--config-descriptor", str(config)]
    command += ["--status-descriptor", str(status)]
    command += ["--relay-descriptor", str(relay)]
    # The schema must be found where the application finds it.
    for path in sys.path:
        command += ["--module-path", path]
    return command


def _is_readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _wait_readable(descriptors: list[int], deadline: float) -> None:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
