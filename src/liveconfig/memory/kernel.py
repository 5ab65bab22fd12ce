"""
What this package needs of the kernel, beyond what every Linux and every Python has.

Owns: which calls these are; making them where this build of Python leaves them out.
Must not know: what they are used for.
Runs in: the gunicorn master, its guardian, the publisher; for a moment in every worker.

A Python that was built against an old C library or old headers has neither
`os.memfd_create` nor `os.pidfd_open`, on whatever kernel it runs.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import signal

from liveconfig.errors import StartupError

_LEAST = (
    "liveconfig needs Linux 5.4 or newer, and a sandbox or seccomp profile that allows "
    "memfd_create, eventfd2, pidfd_open, pidfd_send_signal and waitid"
)

# For waitid: the child that a pidfd stands for.
P_PIDFD = 3

_MFD_CLOEXEC = 1
_MFD_ALLOW_SEALING = 2
_F_ADD_SEALS = 1033
_F_SEAL_SEAL = 1
_F_SEAL_SHRINK = 2
_F_SEAL_GROW = 4
# The same for every kind of processor.
_NR_PIDFD_SEND_SIGNAL = 424
_NR_PIDFD_OPEN = 434


def memfd_create(name: str) -> int:
    """
    Return the descriptor of new memory that can be shared and sealed.

    Raises:
        OSError: the kernel gives none.
    """
    flags = _MFD_CLOEXEC | _MFD_ALLOW_SEALING
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name, flags)
    libc = _libc()
    if not hasattr(libc, "memfd_create"):
        raise OSError(errno.ENOSYS, "it is not in this C library")
    return _checked(libc.memfd_create(name.encode(), flags))


def seal_size(memfd: int) -> None:
    """Have nobody make the memory larger or smaller from now on."""
    fcntl.fcntl(memfd, _F_ADD_SEALS, _F_SEAL_SHRINK | _F_SEAL_GROW | _F_SEAL_SEAL)


def opened_anew(descriptor: int, access: int) -> int:
    """Return another descriptor of the same memory, with an access of its own."""
    return os.open(f"/proc/self/fd/{descriptor}", access | os.O_CLOEXEC)


def pidfd_open(pid: int) -> int:
    """
    Return a descriptor that stands for a process, whoever reaps it.

    Raises:
        OSError: there is no such process, or no descriptor is left.
    """
    if hasattr(os, "pidfd_open"):
        return os.pidfd_open(pid)
    pidfd = _checked(_libc().syscall(_NR_PIDFD_OPEN, pid, 0))
    os.set_inheritable(pidfd, False)
    return pidfd


def pidfd_send_signal(pidfd: int, number: int) -> None:
    """
    Send a signal to the process that a pidfd stands for; 0 sends none.

    Raises:
        ProcessLookupError: it has ended.
    """
    if hasattr(signal, "pidfd_send_signal"):
        signal.pidfd_send_signal(pidfd, number)
    else:
        _checked(_libc().syscall(_NR_PIDFD_SEND_SIGNAL, pidfd, number, None, 0))


def require() -> None:
    """
    Try once what is needed.

    Raises:
        StartupError: the kernel refuses; names the call, and what is needed.
    """
    with contextlib.ExitStack() as opened:
        name = ""
        try:
            name = "memfd_create"
            memfd = memfd_create("liveconfig-probe")
            opened.callback(os.close, memfd)
            seal_size(memfd)
            name = "eventfd2"
            opened.callback(os.close, os.eventfd(0, os.EFD_CLOEXEC))
            name = "pidfd_open"
            pidfd = pidfd_open(os.getpid())
            opened.callback(os.close, pidfd)
            name = "pidfd_send_signal"
            pidfd_send_signal(pidfd, 0)
            name = "waitid"
            with contextlib.suppress(ChildProcessError):
                os.waitid(P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
        except OSError as error:
            reason = f"this system refuses {name}: {error.strerror}"
            if error.errno in (errno.ENOSYS, errno.EPERM, errno.EINVAL):
                reason += f"; {_LEAST}"
            raise StartupError(reason)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
