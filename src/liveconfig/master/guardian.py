"""
The end of workers that outlive their master.

Owns: a process that waits for the master's end, and sees to the end of its workers.
Must not know: gunicorn, what a worker does, the publisher.
Runs in: the gunicorn master, in a child of it, and for a moment in every worker.

Why a process: a master that was killed cannot see to it, a worker that is busy or
stopped cannot either, and the kernel sends one signal and no second one. Why not the
publisher: it may be the one that is stopped, busy or just being started again. Why a
fork without a program of its own: it needs no module, and shares the master's memory.

Each worker hands over a descriptor of itself, by which it is signalled whatever has
become of its number. While the master lives nothing is done but to wait.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from typing import NoReturn

from setproctitle import setproctitle

from liveconfig.memory import kernel
from liveconfig.processes.parent import signal_at_end_of_parent

# More than the seconds of a worker take, which is all that a message says.
_MESSAGE_BYTES_MAX = 32
# How often a worker that cannot be ended yet, as one in the kernel's hands, is tried.
_AGAIN_SECONDS = 1.0
# It is killed, so that only a machine at its limit needs more than a moment.
_STOP_SECONDS = 10.0


class Guardian:
    """The master's side, and a worker's."""

    def __init__(self) -> None:
        """
        Prepare; nothing runs yet.

        Raises:
            OSError: no descriptor is left.
        """
        self._receiver, self._sender = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET
        )
        # A worker that starts must not wait for it.
        self._sender.setblocking(False)
        self._pidfd: int | None = None

    def start(self) -> None:
        """
        Start the process.

        Raises:
            OSError: none can be started; there is none, and it may be tried again.
        """
        master = os.getpid()
        pid = os.fork()
        if not pid:
            _guard(self._receiver, master)
        try:
            self._pidfd = kernel.pidfd_open(pid)
        except OSError:
            # Otherwise each try would leave one more that nobody knows. It was not
            # waited for yet, so the number is still its own.
            os.kill(pid, signal.SIGKILL)
            raise

    def reap(self) -> bool:
        """Leave no zombie of the process; return whether there is none."""
        if self._pidfd is None:
            return True
        if not _is_readable(self._pidfd):
            return False
        with contextlib.suppress(ChildProcessError):
            os.waitid(kernel.P_PIDFD, self._pidfd, os.WEXITED)
        os.close(self._pidfd)
        self._pidfd = None
        return True

    def take_charge(self, pid: int, seconds: float) -> None:
        """
        Have a worker ended by force when its master has been gone for so long.

        Args:
            pid: the worker, by whom or by whose parent this is called.
            seconds: how long it may take to end by itself.

        Raises:
            OSError: nobody will do so; all else is as it was.
        """
        pidfd = kernel.pidfd_open(pid)
        try:
            socket.send_fds(self._sender, [b"%f" % seconds], [pidfd])
        finally:
            os.close(pidfd)

    def close(self) -> None:
        """Close what a forked child must not hold."""
        self._receiver.close()
        self._sender.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def stop(self) -> None:
        """End the process, and wait until it is gone."""
        if not self.reap():
            assert self._pidfd is not None
            _send(self._pidfd, signal.SIGKILL)
            _is_readable(self._pidfd, _STOP_SECONDS)
            self.reap()
        self.close()


class _Watch:
    """The guardian's side: whoever is to end with the master."""

    def __init__(self, receiver: socket.socket, master_pid: int) -> None:
        self._receiver = receiver
        self._master_pid = master_pid
        # Another process if the master has ended already, which `run` asks for first.
        self._master = kernel.pidfd_open(os.getppid())
        self._workers: set[int] = set()
        self._seconds = 0.0
        # Until nobody is left who could hand itself over.
        self._is_open = True
        self._poll = select.poll()
        for descriptor in (receiver.fileno(), self._master):
            self._poll.register(descriptor, select.POLLIN)

    def run(self) -> None:
        """Wait for the master's end, and then until all of its workers have ended."""
        while os.getppid() == self._master_pid and not self._take_news(None):
            pass
        self._poll.unregister(self._master)
        ended_at = time.monotonic()
        self._take_news(0.0)
        while self._workers or self._is_open:
            left = ended_at + self._seconds - time.monotonic()
            for worker in self._workers:
                # One that was stopped goes on, and ends as the kernel has asked it to.
                _send(worker, signal.SIGCONT if left > 0 else signal.SIGKILL)
            self._take_news(left if left > 0 else _AGAIN_SECONDS)

    def _take_news(self, seconds: float | None) -> bool:
        """Note who came and who has ended; return whether the master has."""
        has_ended = False
        for descriptor, _ in self._poll.poll(
            None if seconds is None else seconds * 1e3
        ):
            if descriptor == self._master:
                has_ended = True
            elif descriptor == self._receiver.fileno():
                self._register()
            else:
                self._poll.unregister(descriptor)
                self._workers.remove(descriptor)
                os.close(descriptor)
        return has_ended

    def _register(self) -> None:
        message, descriptors, *_ = socket.recv_fds(
            self._receiver, _MESSAGE_BYTES_MAX, 1
        )
        for descriptor in descriptors:
            self._workers.add(descriptor)
            self._poll.register(descriptor, select.POLLIN)
        if message:
            self._seconds = float(message)
        else:
            self._is_open = False
            self._poll.unregister(self._receiver)


def _guard(receiver: socket.socket, master: int) -> NoReturn:
    try:
        # Ctrl-C and whatever else a terminal sends is for the master.
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        _close_all_but(receiver.fileno())
        setproctitle("liveconfig: guardian")
        # Stopped as the others may be, it goes on then.
        signal_at_end_of_parent(signal.SIGCONT)
        _Watch(receiver, master).run()
    finally:
        os._exit(0)


def _close_all_but(kept: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in (0, 1, 2, kept):
            with contextlib.suppress(OSError):
                os.close(int(name))


def _send(pidfd: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        kernel.pidfd_send_signal(pidfd, number)


def _is_readable(descriptor: int, seconds: float = 0.0) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1e3))
