"""gunicorn's config for a peer whose workers can each be asked by itself."""

from benchmarks.bare_conf import *  # noqa: F403
from benchmarks.door import open_door


def post_worker_init(worker: object) -> None:
    """Open the worker's own door."""
    open_door(worker)
