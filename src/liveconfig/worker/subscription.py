"""
Callbacks of the application for a config that changed.

Owns: one callback, the thread it runs in, which version it was called with last.
Must not know: where configs come from, how a version is taken.
Runs in: every worker that subscribes.

Why a thread of its own: a callback may wait for a database, or for ever, and neither a
request nor the next version nor another callback may wait with it. Versions that come
while it is busy are not queued: it is called with the newest when it is ready.

Why `threading`: under gevent the thread is a greenlet then, as all that the callback
knows expects. A callback that neither returns nor waits holds up a gevent worker, as a
request that does so would.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from liveconfig.errors import format_key_path
from liveconfig.memory.worker_row import WorkerRow
from liveconfig.schema.schema import changed_key_paths
from liveconfig.sentences.of_processes import CALLBACK_FAILED, CALLBACK_SLOW
from liveconfig.sentences.sentence import PREFIX
from liveconfig.worker.snapshot import Snapshot

T = TypeVar("T")

# What an application subscribes: it gets the snapshot before, None the first time, the
# one that is newest, and the paths of the keys that changed between the two.
Callback = Callable[[Snapshot[T] | None, Snapshot[T], tuple[str, ...]], object]

# How long a callback may take before it is counted and logged as slow.
SLOW_SECONDS = 1.0

# gunicorn's own logger in a worker, so that all lines go the same way.
log = logging.getLogger("gunicorn.error")


@dataclass(frozen=True)
class Taken:
    """
    A version as a worker took it.

    Attributes:
        snapshot: what the application gets.
        payload: the bytes that it was decoded from.
    """

    snapshot: Snapshot[Any]
    payload: bytes

    # And no tuple: what records the local variables of a traceback walks into those.
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.snapshot!r})"


class Subscription(Generic[T]):
    """
    What `ConfigManager.subscribe` returns, to end it again.

    Example::

        subscription = manager.subscribe(resize)
        subscription.cancel()

    Attributes:
        is_cancelled: whether the callback is called no more.
    """

    def __init__(self) -> None:
        """Begin."""
        self.is_cancelled = False

    def cancel(self) -> None:
        """Call the callback no more; one call may still be under way."""
        self.is_cancelled = True


class Caller(Subscription[T]):
    """One callback, called for every version that it has time for."""

    def __init__(
        self, callback: Callback[T], on_cancel: Callable[[Caller[T]], object]
    ) -> None:
        """Prepare; nothing is called yet, `on_cancel` at the end."""
        super().__init__()
        self._callback = callback
        self._on_cancel = on_cancel
        self._name = _name(callback)
        self.renew()

    def renew(self) -> None:
        """Begin anew, as in a forked child, in which no thread of the parent runs."""
        self._newest: Taken | None = None
        self._called: Taken | None = None
        self._row: WorkerRow | None = None
        self._busy_since: float | None = None
        self._is_slow = False
        # Made in the process that uses it: before, gevent may not have patched.
        self._news: threading.Event | None = None

    def start(self) -> None:
        """
        Begin to call; what was offered before comes first.

        Raises:
            RuntimeError: no thread can be started; nothing is called.
        """
        if self._news is not None:
            return
        # Before the thread runs, so that no offer is missed.
        self._news = news = threading.Event()
        news.set()
        thread = threading.Thread(
            target=self._run, args=(news,), name=f"liveconfig {self._name}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            self._news = None
            raise

    @property
    def is_waiting_for_the_first(self) -> bool:
        """Whether it was offered nothing yet in this process."""
        return self._newest is None

    def offer(self, taken: Taken, row: WorkerRow | None) -> None:
        """
        Have the callback called for a version, soon and in its own thread, once.

        Called by one thread at a time. Never waits and never raises.

        Args:
            taken: the newest version.
            row: where to count what the callback does.
        """
        # The same again is for another subscription, which is new.
        newest = self._newest
        if newest is not None and newest.snapshot.version == taken.snapshot.version:
            return
        self._newest, self._row = taken, row
        if self._news is not None:
            self._news.set()

    def cancel(self) -> None:
        """Call the callback no more; one call may still be under way."""
        if self.is_cancelled:
            return
        super().cancel()
        self._on_cancel(self)
        if self._news is not None:
            self._news.set()

    def log_if_slow(self) -> bool:
        """
        Log and count the callback, once, if it has been busy for too long.

        Returns:
            whether it runs, or is about to, and is not slow.
        """
        since = self._busy_since
        if since is None:
            return self._news is not None and self._newest is not self._called
        seconds = time.monotonic() - since
        if seconds >= SLOW_SECONDS and not self._is_slow:
            self._is_slow = True
            if self._row is not None:
                self._row.count_slow_callback()
            CALLBACK_SLOW.write(log, self._name, seconds)
        return not self._is_slow

    def _run(self, news: threading.Event) -> None:
        while True:
            news.wait()
            # In this order: what is offered after the look is news once more.
            news.clear()
            newest = self._newest
            if self.is_cancelled:
                return
            if newest is not None and newest is not self._called:
                self._call(newest, self._row)

    def _call(self, newest: Taken, row: WorkerRow | None) -> None:
        before = self._called
        is_failure = False
        began_ns = row.callback_begins() if row else 0
        self._busy_since = time.monotonic()
        try:
            if before is None:
                self._callback(None, newest.snapshot, ())
            else:
                changed = changed_key_paths(before.payload, newest.payload)
                names = tuple(map(format_key_path, changed))
                self._callback(before.snapshot, newest.snapshot, names)
        # Also what is no Exception, such as a timeout of gevent: it would end this
        # thread without a word.
        except BaseException:
            is_failure = True
            text = PREFIX + CALLBACK_FAILED.text
            log.exception(text, self._name, newest.snapshot.version)
        finally:
            self._called = newest
            self._busy_since = None
            self._is_slow = False
            if row is not None:
                row.callback_ends(
                    began_ns, is_failure=is_failure, version=newest.snapshot.version
                )


def _name(callback: Callable[..., object]) -> str:
    name = getattr(callback, "__qualname__", type(callback).__qualname__)
    return f"the callback {callback.__module__}.{name}"
