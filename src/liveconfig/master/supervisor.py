"""
Keeping one publisher running under the master.

Owns: when a publisher is started, ended and started again; noticing damage.
Must not know: gunicorn, how a process is started or ended, what is published.
Runs in: the gunicorn master.

Why no thread: the master forks workers at any moment, and a forked copy of a thread's
locks would stop a worker. `check` is called from the master's own loop instead.
Why the version of the status is the publisher's pulse: it writes its status whenever it
begins to work at a source and whenever it has looked at it, so at least once in every
`poll_seconds`, and nobody has to wake it to ask.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from liveconfig.errors import StartupError
from liveconfig.master.child import Child
from liveconfig.master.succession import Succession
from liveconfig.memory.shared import SharedMemory
from liveconfig.memory.status import Attempt
from liveconfig.processes.relay import FIRST, FITS, MUST_FIT, MUST_LOAD, READY
from liveconfig.sentences import of_processes as sentences
from liveconfig.sentences.sentence import Sentence

# How often the records are looked through for damage: a look costs a copy of them,
# and what is damaged is mended this much later at most.
_RECORD_SECONDS = 1.0

# A publisher is started again at once when it has lived for a while, and ever more
# slowly when it dies young: a schema that crashes must not take a core.
_YOUNG_SECONDS = 10.0
_DELAY_SECONDS_MIN = 0.1
_DELAY_SECONDS_MAX = 30.0

# Of a publisher that had to fit: it is in its place; it never will be; it died on the
# way there, as another need not.
Outcome = Literal["ready", "unfit", "died"]


Log = Callable[[int, str], None]


class Supervisor:
    """
    Keep one publisher running.

    Attributes:
        restarts: how often a publisher was started because one had died.
        shared: the memory that the publisher writes.
    """

    def __init__(
        self,
        shared: SharedMemory,
        log: Log,
        poll_seconds: float,
        options: Callable[[], Sequence[str]] = list,
    ) -> None:
        """
        Prepare; nothing runs yet.

        Args:
            shared: the memory that the publisher writes.
            log: takes a level of `logging` and a text.
            poll_seconds: how often, at least, a publisher looks at the source, until
                one says otherwise.
            options: gives what a publisher that starts now must know of gunicorn.
        """
        self.restarts = 0
        self._options = options
        self._poll_seconds = poll_seconds
        self._status_version = 0
        self._records_at = 0.0
        self._version = 0
        self._is_damaged = False
        self.shared = shared
        self._log = log
        self._child: Child | None = None
        self._succession: Succession | None = None
        self._is_awaited = False
        self._outcome: Outcome | None = None
        self._delay_seconds = 0.0
        self._start_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The publisher's process, None while there is none."""
        return self._child.pid if self._child else None

    @property
    def newest_version(self) -> int:
        """The newest version that anybody is known to have seen."""
        return max(self._version, self.shared.workers.newest_version())

    def start(self) -> None:
        """
        Start the publisher and wait until there is a config to serve.

        One that dies over the source is followed by another, which may have a cache to
        begin with, and which gives the source up in the end.

        Raises:
            StartupError: there is none; no process is left.
        """
        attempt = self._attempt()
        while True:
            try:
                self._start_once()
                return
            except StartupError as error:
                before, attempt = attempt, self._attempt()
                if attempt is None or attempt.is_over or attempt == before:
                    raise
                self._say(sentences.STARTS_AGAIN, error)

    def _start_once(self) -> None:
        try:
            self._child = self._new_child()
            self._log_all(self._child.wait_ready())
            self._version = self.shared.config.version
        except StartupError:
            self.stop()
            raise

    def replace_publisher(self, *, must_fit: bool) -> None:
        """
        Put a new publisher in the place of this one, with the code as it is now.

        Returns at once; `check` brings it about. If it cannot be, the log says why, and
        the present one stays.

        Args:
            must_fit: only if there is a config of the schema as it is now;
                `take_outcome` returns what came of it.
        """
        self._drop_succession()
        self._outcome, self._is_awaited = None, False
        try:
            role = MUST_FIT if must_fit else MUST_LOAD
            self._succession = Succession(self._new_child(role))
        except StartupError as error:
            self._say(sentences.NOT_RELOADED, error)
        else:
            self._is_awaited = must_fit

    def take_outcome(self) -> Outcome | None:
        """Return, once, what came of the publisher that had to fit."""
        outcome, self._outcome = self._outcome, None
        return outcome

    def check(self) -> None:
        """Pass on what the publisher logged, and start it again if it is due."""
        if self._succession is not None:
            self._advance(self._succession)
        child = self._child
        if child is not None:
            ended = child.reap()
            self._log_all(child.relay.messages())
            if ended:
                self._bury(child)
            else:
                self._look_after(child)
        elif self._start_at is not None and time.monotonic() >= self._start_at:
            self._restart()

    def look_again(self) -> None:
        """Have the publisher look at what there is, if there is a publisher."""
        if self._child is not None:
            self._child.look_again()

    def stop(self, *, is_in_order: bool = True) -> None:
        """End the publisher and leave nothing of it; the records stay."""
        self._start_at = None
        self._drop_succession()
        child, self._child = self._child, None
        if child is not None:
            if not is_in_order:
                child.kill()
            child.stop()
            self._log_all(child.relay.messages())
            child.close()

    def close_in_child(self) -> None:
        """Close what a forked child must not hold; the publisher is not its own."""
        child, self._child = self._child, None
        succession, self._succession = self._succession, None
        self._start_at = None
        if child is not None:
            child.close()
        if succession is not None:
            succession.child.close()

    def _advance(self, succession: Succession) -> None:
        """Have a successor take the place that is its own, as soon as that can be."""
        self._log_all(succession.messages())
        if succession.problem:
            if succession.has_died:
                self._say(sentences.SUCCESSOR_DIED)
            else:
                self._say(sentences.NOT_RELOADED, succession.problem)
            self._drop_succession()
            self._conclude("died" if succession.has_died else "unfit")
        elif succession.fits and succession.make_place(self._child):
            if self._child is not None:
                self._log_all(self._child.relay.messages())
                self._child.close()
            self._succession, self._start_at = None, None
            self._child = succession.child
            self._child.look_again()

    def _conclude(self, outcome: Outcome) -> None:
        if self._is_awaited:
            self._is_awaited, self._outcome = False, outcome

    def _drop_succession(self) -> None:
        succession, self._succession = self._succession, None
        if succession is not None:
            succession.give_up()

    def _learn_poll_seconds(self) -> None:
        """Go by what the publisher says: a reload may have given it other settings."""
        version = self.shared.status.version
        if version != self._status_version:
            self._status_version = version
            status = self.shared.publisher_status()
            if status is not None and status.poll_seconds:
                self._poll_seconds = status.poll_seconds

    def _attempt(self) -> Attempt | None:
        """Return the attempt in which the publisher before ended, if it did in one."""
        status = self.shared.publisher_status()
        return status.attempt if status else None

    def _look_after(self, child: Child) -> None:
        """End a publisher that hangs, and have one that is well mend the records."""
        self._learn_poll_seconds()
        trouble = child.trouble(self._poll_seconds)
        if trouble:
            # It is started again when it is gone: never are there two.
            if child.kill():
                self._say(sentences.HANGS, child.pid, trouble)
            return
        now = time.monotonic()
        if now - self._records_at < _RECORD_SECONDS:
            return
        self._records_at = now
        if not self._find_damage():
            self._is_damaged = False
            return
        if not self._is_damaged:
            self._is_damaged = True
            self._say(sentences.OVERWRITTEN)
        child.look_again()

    def _new_child(self, role: str = FIRST) -> Child:
        # Without the headers a publisher could not attach.
        self._mend_headers()
        return Child(self.shared, self.newest_version, role, self._options())

    def _mend_headers(self) -> None:
        for record in self.shared.records:
            record.mend_header()

    def _find_damage(self) -> bool:
        shared = self.shared
        self._mend_headers()
        # What one worker has on trial is newer than what all others have.
        is_tried = shared.candidate.is_offered(self.newest_version - 1)
        if not shared.config.is_whole(
            self._version if is_tried else self.newest_version
        ):
            return True
        if not all(record.is_whole(0) for record in shared.records):
            return True
        self._version = shared.config.version
        return False

    def _bury(self, child: Child) -> None:
        self._child = None
        child.close()
        if self._succession is None:
            self._conclude("died")
        self._schedule(time.monotonic() - child.started_at)
        self._say(sentences.DIED, child.pid, self._delay_seconds)
        self.check()

    def _schedule(self, lived_seconds: float) -> None:
        if lived_seconds >= _YOUNG_SECONDS:
            self._delay_seconds = 0.0
        elif self._delay_seconds or self.restarts:
            doubled = max(_DELAY_SECONDS_MIN, 2 * self._delay_seconds)
            self._delay_seconds = min(_DELAY_SECONDS_MAX, doubled)
        self._start_at = time.monotonic() + self._delay_seconds

    def _restart(self) -> None:
        self._start_at = None
        self.restarts += 1
        try:
            self._child = self._new_child()
        except StartupError as error:
            # No reason to end the master, which would end the workers.
            self._schedule(lived_seconds=0.0)
            self._say(sentences.DOES_NOT_START, error, self._delay_seconds)

    def _say(self, sentence: Sentence, *arguments: object) -> None:
        self._log(sentence.level, sentence.line(*arguments))

    def _log_all(self, lines: Iterable[tuple[int, str]]) -> None:
        for level, text in lines:
            if level == READY:
                if self._succession is None:
                    self._conclude("ready")
            elif level != FITS:
                self._log(level, text)
