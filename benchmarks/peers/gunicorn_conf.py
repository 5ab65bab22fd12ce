"""
gunicorn's config for every peer.

What the reference service sets, what the peer brings, and a door for each worker.
"""

import os
from pathlib import Path

from benchmarks import doors, peers

_peer = peers.make(os.environ["BENCHMARK_PEER"], Path(os.environ["LIVECONFIG_PATH"]))
_brought = dict(_peer.settings)
_do_nothing = lambda *_: None  # noqa: E731
_on_starting = _brought.pop("on_starting", _do_nothing)
_post_worker_init = _brought.pop("post_worker_init", _do_nothing)

wsgi_app = os.environ.get("BENCHMARK_APPLICATION", "benchmarks.peers.application:app")
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
control_socket_disable = True
globals().update(_brought)


def on_starting(server: object) -> None:
    """Do what the peer does before there are workers."""
    _on_starting(server)
    _peer.before_fork()


def post_worker_init(worker: object) -> None:
    """Do what the peer does, and open the worker's own door."""
    _post_worker_init(worker)
    doors.open_door(worker)
