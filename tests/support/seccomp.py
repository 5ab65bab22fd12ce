"""
A program started under a seccomp filter that denies some calls: run as a script.

Owns: the filter, which answers "operation not permitted" or another errno.
Must not know: what is started.
Runs in: a process of its own, which becomes the program.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"memfd_create": 319, "eventfd2": 290},
    "aarch64": {"memfd_create": 279, "eventfd2": 19},
}.get(platform.machine(), {}) | {"pidfd_send_signal": 424, "pidfd_open": 434}

_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_LOAD_WORD = 0x20
_JUMP_IF_EQUAL = 0x15
_RETURN = 0x06
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def main(call: str, error: str, *command: str) -> None:
    """Deny `call` with `error` from now on, and become `command`."""
    instructions = [
        (_LOAD_WORD, 0, 0, 0),
        (_JUMP_IF_EQUAL, 0, 1, NUMBERS[call]),
        (_RETURN, 0, 0, _ERRNO | getattr(errno, error)),
        (_RETURN, 0, 0, _ALLOW),
    ]
    content = b"".join(struct.pack("HBBI", *each) for each in instructions)
    program = _Program(len(instructions), content)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    result = prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program))
    assert result == 0, os.strerror(ctypes.get_errno())
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
