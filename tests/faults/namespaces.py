"""
A server with mounts, and where asked with a user namespace, of its own.

Owns: the launcher that makes the namespaces, and getting into them again.
Must not know: gunicorn, faults.
Runs in: the test process; what it launches becomes the server.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from functools import cache

_AS_ROOT_OF_ITS_OWN = ["--user", "--map-root-user"]


def launcher(steps: Sequence[str], *, has_own_user: bool = False) -> list[str]:
    """
    Return a command that takes the steps among mounts of its own and goes on.

    Args:
        steps: shell commands.
        has_own_user: a user namespace as well, with its own inotify limits.
    """
    options = _AS_ROOT_OF_ITS_OWN if has_own_user or os.geteuid() else []
    script = " && ".join([*steps, 'exec "$@"'])
    return ["unshare", "--mount", *options, "sh", "-c", script, "sh"]


@cache
def can_have_own_mounts() -> bool:
    """Tell whether this user may mount anything anywhere."""
    return _works([*launcher(["mount -t tmpfs none /mnt"]), "true"])


@cache
def can_have_own_limits() -> bool:
    """Tell whether this user may set inotify limits for one process."""
    step = "echo 5 > /proc/sys/user/max_inotify_instances"
    return _works([*launcher([step], has_own_user=True), "true"])


def run_inside(pid: int, step: str) -> None:
    """Take a step in the namespaces of a process that was launched so."""
    # Another user namespace can only be entered by someone who is not in it yet.
    mine, its = (os.readlink(f"/proc/{who}/ns/user") for who in ("self", pid))
    options = [] if mine == its else ["--user", "--preserve-credentials"]
    command = ["nsenter", f"--target={pid}", "--mount", *options, "sh", "-c", step]
    subprocess.run(command, check=True, capture_output=True)


def quoted(path: object) -> str:
    """Return a path as a shell's word."""
    return shlex.quote(str(path))


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
