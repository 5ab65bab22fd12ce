"""
Where a worker waits that would answer with errors while others serve.

Owns: how long a worker waits whose class does not take what is live, and for what.
Must not know: gunicorn, how a config is taken, what the application does.
Runs in: every worker, before its first request.

Why it waits: the code on disk may have changed since the others started, and nobody has
tried the new class against what is live, as a reload does. Why it gives up after a
while: whoever comes after it has the code as it is then. Why it does not wait where
nobody serves: an error at once is better than no answer, and `/status` says why.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from liveconfig.errors import LiveconfigError, UnfitConfigError
from liveconfig.memory.shared import SharedMemory
from liveconfig.sentences.of_processes import WORKER_SERVES, WORKER_WAITS
from liveconfig.worker.manager import managers

log = logging.getLogger("gunicorn.error")

# A worker that waited for longer would have ever older code; one that gave up sooner
# would be one start after another.
_WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.1


def wait_to_serve(shared: SharedMemory, is_wanted: Callable[[], bool]) -> bool:
    """
    Wait until this worker may serve, for a while; return whether it may.

    Args:
        shared: the memory of this process.
        is_wanted: is asked all the time whether it is to go on waiting.
    """
    problem = _unfit()
    if problem is None:
        return True
    if shared.workers.own is not None:
        shared.workers.own.note_stale_since(time.time())
    if not shared.workers.serving_workers():
        return True
    WORKER_WAITS.write(log, problem)
    deadline = time.monotonic() + _WAIT_SECONDS
    while is_wanted() and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        if _unfit() is None or not shared.workers.serving_workers():
            WORKER_SERVES.write(log)
            return True
    return False


def _unfit() -> UnfitConfigError | None:
    """Return why there is nothing to serve, where a class is to blame."""
    for manager in managers():
        try:
            manager.refresh()
        except UnfitConfigError as error:
            return error
        except (LiveconfigError, MemoryError):
            # Those who serve have it as well, or it passes.
            continue
    return None
