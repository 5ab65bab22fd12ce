"""
Clients that ask a server all the time, and remember what was wrong.

Owns: the threads, what each one saw.
Must not know: what happens to the server meanwhile.
Runs in: the test process.
"""

from __future__ import annotations

import http.client
import threading
from types import TracebackType

from tests.support.server import Server


class Load:
    """
    Several clients, each asking again when it was answered; as a context manager.

    A client that was answered with one version is never answered with an older one:
    whichever worker answers, the version comes from the same memory.

    Attributes:
        answered: how many requests were answered with 200.
        problems: every other outcome, as text.
    """

    def __init__(self, server: Server, clients: int = 3) -> None:
        """Prepare to load `server`."""
        self.answered = 0
        self.problems: list[str] = []
        self._server = server
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

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

    def _run(self) -> None:
        newest = 0
        while not self._is_over.is_set():
            try:
                answer = self._server.get()
            except (OSError, http.client.HTTPException) as error:
                self._note(repr(error))
                continue
            version = int(answer.headers["config-version"])
            if answer.status != 200:
                self._note(f"status {answer.status}")
            elif version < newest:
                self._note(f"version {version} after {newest}")
            else:
                self._note("")
            newest = max(newest, version)

    def _note(self, problem: str) -> None:
        with self._lock:
            if problem:
                self.problems.append(problem)
            else:
                self.answered += 1
