"""
Clients that ask a server all the time, and remember what was wrong.

Owns: the threads, what each one saw.
Must not know: what happens to the server meanwhile.
Runs in: the test process.
"""

from __future__ import annotations

import enum
import http.client
import threading
from types import TracebackType
from typing import NamedTuple

from tests.support.server import Answer, Server

# How long a client that was refused waits until it tries again.
_REFUSED_SECONDS = 0.01


class Outcome(enum.Enum):
    """What became of a request that was not answered as it should be."""

    REFUSED = "nobody listened"
    BROKEN = "the connection ended before the answer was there"
    WRONG = "there was an answer that must not be, or none for a long time"


class Problem(NamedTuple):
    """One request that was not answered as it should be."""

    outcome: Outcome
    client: int
    text: str


class Load:
    """
    Several clients, each asking again when it was answered; as a context manager.

    A client that was answered with one version, and brings it along, is never answered
    with an older one, whichever worker answers. And one version is one content, whoever
    is answered.

    Attributes:
        answered: how many requests were answered with 200.
        failures: every other outcome.
    """

    def __init__(
        self, server: Server, clients: int = 3, *, is_versioned: bool = True
    ) -> None:
        """
        Prepare to load `server`.

        Args:
            server: who is asked.
            clients: how many ask at a time.
            is_versioned: False where the answers name no version, or where two masters
                answer by turns, each with versions of its own.
        """
        self.answered = 0
        self.failures: list[Problem] = []
        self._server = server
        self._is_versioned = is_versioned
        self._contents: dict[int, tuple[str, str]] = {}
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=[client])
            for client in range(clients)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    @property
    def problems(self) -> list[str]:
        """What was wrong, as text."""
        return [failure.text for failure in self.failures]

    def count(self, outcome: Outcome) -> int:
        """Return how many requests had this outcome."""
        return sum(failure.outcome is outcome for failure in self.failures)

    def _run(self, client: int) -> None:
        newest = 0
        while not self._is_over.is_set():
            try:
                seen = {"Config_Version": str(newest)} if newest else {}
                answer = self._server.get(**seen)
            except (OSError, http.client.HTTPException) as error:
                outcome = _outcome(error)
                self._fail(outcome, client, repr(error))
                if outcome is Outcome.REFUSED:
                    self._is_over.wait(_REFUSED_SECONDS)
                continue
            problem = self._judge(answer, newest)
            if problem:
                self._fail(Outcome.WRONG, client, problem)
            else:
                with self._lock:
                    self.answered += 1
            if answer.status == 200 and self._is_versioned:
                newest = max(newest, int(answer.headers["config-version"]))

    def _judge(self, answer: Answer, newest: int) -> str:
        """Return what is wrong with an answer, or nothing."""
        if answer.status != 200:
            return f"status {answer.status}"
        if not self._is_versioned:
            return ""
        version = int(answer.headers["config-version"])
        if version < newest:
            return f"version {version} after {newest}"
        content = (answer.text, answer.headers["config-digest"])
        with self._lock:
            first = self._contents.setdefault(version, content)
        return "" if content == first else f"version {version}: {first} and {content}"

    def _fail(self, outcome: Outcome, client: int, text: str) -> None:
        with self._lock:
            self.failures.append(Problem(outcome, client, text))


def _outcome(error: Exception) -> Outcome:
    if isinstance(error, ConnectionRefusedError):
        return Outcome.REFUSED
    ended = (ConnectionResetError, BrokenPipeError, http.client.IncompleteRead)
    if isinstance(error, ended):
        return Outcome.BROKEN
    return Outcome.WRONG
