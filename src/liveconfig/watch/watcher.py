"""
`FileWatcher`: from what happens on the disk to one call, "it may have changed".

Owns: settling, the fall back to polling, when the action is called.
Must not know: how events are read, what the file holds, what the action does.
Runs in: the publisher, or wherever somebody uses `FileWatcher` alone.

| what happens on the way to the path     | the action is called |
| --------------------------------------- | -------------------- |
| a rename into place, a new link: atomic | at once              |
| a plain write, a new file or directory  | `settle_ms` later    |
| a write without a close                 | at most 1 s later    |
| something is deleted or renamed away    | `settle_ms` later    |
| events or a watch were lost             | at once              |
| nothing                                 | after `poll_seconds` |
| nothing, where there are no events      | after a second       |
"""

from __future__ import annotations

import logging
import math
import os
import select
import threading
import time
from collections.abc import Callable
from numbers import Real
from typing import Any

from liveconfig.errors import InotifyUnavailableError, printable
from liveconfig.sentences.of_processes import WATCHER_ENDED, WATCHER_FAILED
from liveconfig.watch.inotify import DiskChange, Inotify

# Without events: soon enough for a person who waits, and 86,400 looks a day are cheap.
_POLLING_SECONDS = 1.0
# A writer that has not closed its file may pause for longer than one that is done.
_UNCLOSED_SETTLES = 20
# A file that is written to without end, as a log is, must not put off the action.
_SETTLING_SECONDS_MAX = 1.0
# No wait is longer, and the kernel's own limit is not far above.
_DAY_SECONDS = 86_400.0

_SEES_ALL = "inotify sees every change"

log = logging.getLogger("liveconfig.watch.watcher")


class _Settling:
    """When a burst of plain writes is over; `due` is never while there is none."""

    def __init__(self, settle_ms: float) -> None:
        self._quiet = settle_ms / 1000
        self._longest = max(self._quiet, _SETTLING_SECONDS_MAX)
        self._unclosed_quiet = min(self._quiet * _UNCLOSED_SETTLES, self._longest)
        self.clear()

    def clear(self) -> None:
        self.due = math.inf
        self._began = math.inf
        self._unclosed: set[str] = set()

    def note(self, now: float, name: str, is_unclosed: bool) -> None:
        self._began = min(self._began, now)
        if is_unclosed:
            self._unclosed.add(name)
        else:
            self._unclosed.discard(name)
        quiet = self._unclosed_quiet if self._unclosed else self._quiet
        self.due = min(now + quiet, self._began + self._longest)


class FileWatcher:
    """
    Call an action whenever a file or directory may have changed.

    Example::

        with FileWatcher("/etc/config/config.yaml", reread):
            serve()

    The path need not exist. The action may be called when nothing changed, never the
    other way round: whatever changes after the watcher was made, a call follows.
    """

    _RETRY_SECONDS = 30.0

    def __init__(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        action: Callable[[], object],
        *,
        settle_ms: float = 50,
        poll_seconds: float = 60,
        on_mode_change: Callable[[str, str], object] | None = None,
    ) -> None:
        """
        Watch `path` from now on; `run` or `start` has the action called.

        Args:
            path: the file or directory, wherever links lead it.
            action: called without arguments, once for a burst of changes, and again
                1 s later if it returns False: what it misses may come without event.
            settle_ms: how long plain writes must be quiet, in milliseconds.
            poll_seconds: the longest time without a call, in seconds, a day at most.
            on_mode_change: called with the new mode and the reason; from here, too.

        Raises:
            TypeError: an argument is of another kind; nothing is watched.
            ValueError: a number is out of its range, or the path can be none; nothing
                is watched.
        """
        self._path = _absolute(path)
        self._action = _callable("action", action)
        if on_mode_change is not None:
            _callable("on_mode_change", on_mode_change)
        self._on_mode_change = on_mode_change
        if not _number("poll_seconds", poll_seconds) > 0:
            raise ValueError(f"poll_seconds is {poll_seconds}: it takes more than 0")
        self._poll_seconds = min(poll_seconds, _DAY_SECONDS)
        if not _number("settle_ms", settle_ms) >= 0:
            raise ValueError(f"settle_ms is {settle_ms}: it takes 0 or more")
        self._settling = _Settling(min(settle_ms, _DAY_SECONDS * 1000))
        self._thread: threading.Thread | None = None
        self._runner: threading.Thread | None = None
        self._run_lock = threading.Lock()
        self._mode, self._reason = "inotify", _SEES_ALL
        self._inotify: Inotify | None = None
        self._retry_at = 0.0
        self._acted_at = time.monotonic()
        self._is_stopped = False
        self._has_found = True
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poller = select.poll()
        self._poller.register(self._wake, select.POLLIN)
        try:
            self._arm()
        except Exception:
            self._free()
            raise

    @property
    def mode(self) -> str:
        """`inotify`, or `polling` once a second while that does not see all."""
        return self._mode

    def run(self) -> None:
        """
        Call the action for each change, until `stop`.

        Raises:
            RuntimeError: it runs already; nothing is changed by this call.
            Exception: what the action raised; `run` may be called again.
        """
        if not self._run_lock.acquire(blocking=False):
            raise RuntimeError(f"the watcher of {self._path} runs already")
        self._runner = threading.current_thread()
        try:
            self._run()
        finally:
            self._runner = None
            self._run_lock.release()

    def _run(self) -> None:
        while not self._is_stopped:
            ready = self._wait(min(self._deadline(), self.due()))
            # However many changes there are, they do not put it off.
            if time.monotonic() >= self.due():
                self.look()
            if self._wake in ready:
                os.eventfd_read(self._wake)
                self.act()
            elif ready and self._take_changes():
                self.act()
            elif time.monotonic() >= self._deadline():
                # Renewed because a mount, for one, makes no event.
                self._arm()
                self.act()

    def _wait(self, deadline: float) -> set[int]:
        """Return the descriptors that can be read, none where the time is over."""
        timeout_ms = max(0.0, deadline - time.monotonic()) * 1000
        return {descriptor for descriptor, _ in self._poller.poll(timeout_ms)}

    def due(self) -> float:
        """Return when `look` is due, by the monotonic clock: a subclass may say so."""
        return math.inf

    def look(self) -> None:
        """
        Do what a subclass does beside the action, in the thread of `run`.

        It is called whenever `due` has come, and before each call of the action unless
        `due` is infinite. `due` is asked after each wait: `wake` has it asked at once.
        """

    def stop(self) -> None:
        """
        End `run`, now or as soon as it begins; the action is not called any more.

        May be called from anywhere: a signal handler, a thread, the action, twice.
        """
        self._is_stopped = True
        self.wake()

    def wake(self) -> None:
        """Have the action called soon, as if something had changed; from anywhere."""
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def start(self) -> FileWatcher:
        """
        Run in a daemon thread until `close`, and return the watcher.

        What the action raises is logged there, and the next change calls it again.

        Raises:
            RuntimeError: it was started or closed before; nothing is changed.
        """
        if self._thread is not None or self._wake < 0 or self._run_lock.locked():
            raise RuntimeError(
                f"the watcher of {self._path} was started or closed before: make "
                "another one"
            )
        self._thread = threading.Thread(
            target=self._run_in_thread, name="file-watcher", daemon=True
        )
        self._thread.start()
        return self

    def close(self) -> None:
        """
        Stop, wait until `run` has ended, free all descriptors; twice is once.

        Raises:
            RuntimeError: the action calls it, which ends the watcher with `stop`; `run`
                ends when the action returns, and the descriptors stay.
        """
        self.stop()
        if self._runner is threading.current_thread():
            raise RuntimeError(
                "close waits for the end of run: in the action call stop"
            )
        with self._run_lock:
            self._free()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> FileWatcher:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run_in_thread(self) -> None:
        try:
            self.run()
        finally:
            # As by `sys.exit` in the action.
            if not self._is_stopped:
                log.error(WATCHER_ENDED.text, printable(self._path))

    def _free(self) -> None:
        self._disarm()
        wake, self._wake = self._wake, -1
        if wake >= 0:
            os.close(wake)

    def _call(self, function: Callable[..., object], *arguments: str) -> object:
        """Call what was given; in the thread of `start`, log what it raises."""
        try:
            return function(*arguments)
        except Exception:
            if self._runner is None or self._runner is not self._thread:
                raise
            log.exception(WATCHER_FAILED.text, printable(self._path))
            return None

    def _deadline(self) -> float:
        seconds = self._poll_seconds
        if self._mode == "polling" or not self._has_found:
            seconds = min(seconds, _POLLING_SECONDS)
        return min(self._settling.due, self._acted_at + seconds)

    def act(self) -> None:
        """Call the action now, in the thread of `run` or before it."""
        if self._is_stopped:
            return
        # Whoever has this act may know of something.
        if self.due() < math.inf:
            self.look()
        self._settling.clear()
        try:
            self._has_found = self._call(self._action) is not False
        finally:
            self._acted_at = time.monotonic()

    def _take_changes(self) -> bool:
        """Take in what happened, and return whether to act at once."""
        assert self._inotify is not None
        now = time.monotonic()
        changes = DiskChange.NOTHING
        for change, name in self._inotify.changes():
            changes |= change
            if DiskChange.SETTLING in change:
                self._settling.note(now, name, DiskChange.UNCLOSED in change)
        if changes & (DiskChange.LOST | DiskChange.MOVED):
            self._arm()
        return bool(changes & (DiskChange.LOST | DiskChange.AT_ONCE))

    def _arm(self) -> None:
        """Put up or renew the watches, or poll until the next try."""
        now = time.monotonic()
        if self._inotify is None and now < self._retry_at:
            return
        try:
            if self._inotify is None:
                self._inotify = Inotify()
                self._poller.register(self._inotify.descriptor, select.POLLIN)
            self._inotify.arm(self._path)
        except InotifyUnavailableError as error:
            self._disarm()
            self._retry_at = now + self._RETRY_SECONDS
            self._set_mode("polling", f"no inotify ({error})")
        else:
            blind = self._inotify.blind_spot()
            if blind is None:
                self._set_mode("inotify", _SEES_ALL)
            else:
                self._set_mode(
                    "polling", f"inotify does not see what others change on {blind}"
                )

    def _disarm(self) -> None:
        inotify, self._inotify = self._inotify, None
        if inotify is not None:
            self._poller.unregister(inotify.descriptor)
            inotify.close()

    def _set_mode(self, mode: str, reason: str) -> None:
        if (mode, reason) != (self._mode, self._reason):
            self._mode, self._reason = mode, reason
            if self._on_mode_change is not None:
                self._call(self._on_mode_change, mode, reason)


def _absolute(path: Any) -> str:
    name = os.fsdecode(path)
    if not name or "\0" in name:
        raise ValueError(f"{name!r} can be no path")
    return name if os.path.isabs(name) else os.path.join(os.getcwd(), name)


def _callable(name: str, value: Any) -> Any:
    if not callable(value):
        raise TypeError(f"{name} is {value!r}: it takes a function")
    return value


def _number(name: str, value: Any) -> Any:
    if not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}: it takes a number")
    return value
