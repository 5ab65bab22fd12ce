"""
Everyone who takes part, and where the code stands that drives them.

Owns: the list, in the order in which the tables show it.
Must not know: how any of them works.
Runs in: the measuring process, and the servers under measurement.

A peer's module is imported when the peer is made: a library that is not installed
takes its own peer out of the run and no other.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from benchmarks.peers.peer import Peer

OURS = "liveconfig"
# For whoever asks a peer about itself only.
NOWHERE = Path("nowhere")
CONSTANT = "constant"
FLOOR = "reread"

# The name of a peer is the name of its module here.
NAMES = (
    OURS,
    CONSTANT,
    FLOOR,
    "stat",
    "mutex",
    "channel",
    "mp_manager",
    "stash",
    "hup",
    "sentry_options",
    "sentry_options_refresh",
    "watchfiles_thread",
    "watchdog_thread",
)

# One of each kind: who takes part in a quick run.
FEW = (
    *(OURS, CONSTANT, FLOOR, "stat", "mutex", "mp_manager", "stash", "hup"),
    *("sentry_options", "sentry_options_refresh", "watchdog_thread"),
)


@cache
def make(name: str, path: Path) -> Peer:
    """
    Return the peer for the config at `path`, the same one in a master and its workers.

    Raises:
        ModuleNotFoundError: the library that it is about is not installed.
    """
    module = importlib.import_module(f"benchmarks.peers.{name}")
    peer: Peer = module.PEER(path)
    return peer


def why_not(name: str) -> str:
    """Return why a peer cannot take part, or "" where it can."""
    try:
        make(name, NOWHERE)
    except ModuleNotFoundError as error:
        return f"{error.name} is not installed"
    return ""
