"""gunicorn's config for liveconfig's side: `door_conf` with the liveconfig hooks."""

from benchmarks.bare_conf import *  # noqa: F403
from benchmarks.door import open_door
from liveconfig import gunicorn as hooks
from liveconfig.gunicorn import *  # noqa: F403


def post_worker_init(worker: object) -> None:
    """Do what liveconfig does, and open the worker's own door."""
    hooks.post_worker_init(worker)
    open_door(worker)
