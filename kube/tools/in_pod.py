"""
What is run inside a pod, by the Python of the service's own image.

Owns: asking a service over HTTP, once or all the time.
Must not know: Kubernetes, kubectl, what the answers are for.
Runs in: a pod. It is sent there as text and never installed, so it imports nothing but
    the standard library.

    load HOST PORT CLIENTS             ask all the time; one line of JSON each second
    ask HOST PORT PATH                 ask once; print the answer's text
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

TIMEOUT_SECONDS = 10
PAUSE_SECONDS = 0.02
PROBLEMS_MAX = 10


def get(host: str, port: int, path: str) -> tuple[int, Any, str]:
    """Ask on a connection of its own; return status, headers and text."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def emit(**event: Any) -> None:
    """Print one line of JSON, at once."""
    print(json.dumps(event), flush=True)


class Load:
    """Clients that ask all the time, and what they were answered."""

    def __init__(self, host: str, port: int) -> None:
        self.place = host, port
        self.lock = threading.Lock()
        self.answered = 0
        self.failed = 0
        self.problems: list[str] = []
        self.texts: dict[str, int] = {}
        self.slowest = 0.0
        self.start = time.monotonic()

    def run(self) -> NoReturn:
        """Ask for ever."""
        while True:
            start = time.monotonic()
            try:
                status, headers, text = get(*self.place, "/")
                problem = "" if status == 200 else f"status {status}"
                if not problem and not headers.get("Config-Digest"):
                    problem = "no Config-Digest"
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                problem, text = repr(error), ""
            self.note(problem, text, time.monotonic() - start)
            time.sleep(PAUSE_SECONDS)

    def note(self, problem: str, text: str, seconds: float) -> None:
        """Count one answer, or what came instead of it."""
        with self.lock:
            self.slowest = max(self.slowest, seconds)
            if problem:
                self.failed += 1
                self.problems = [*self.problems, problem][-PROBLEMS_MAX:]
            else:
                self.answered += 1
                self.texts[text] = self.texts.get(text, 0) + 1

    def report(self) -> None:
        """Print everything so far."""
        with self.lock:
            emit(
                answered=self.answered,
                failed=self.failed,
                problems=self.problems,
                texts=self.texts,
                seconds=round(time.monotonic() - self.start),
                slowest=round(self.slowest, 4),
            )


def load(host: str, port: str, clients: str) -> NoReturn:
    """Ask all the time, and say once a second how it went."""
    # The first process of a container ends by no signal that it does not handle.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    everyone = Load(host, int(port))
    for _ in range(int(clients)):
        threading.Thread(target=everyone.run, daemon=True).start()
    while True:
        time.sleep(1)
        everyone.report()


def ask(host: str, port: str, path: str) -> int:
    """Print the text of one answer."""
    status, _, text = get(host, int(port), path)
    print(text, flush=True)
    return 0 if status == 200 else 1


COMMANDS: dict[str, Callable[..., int]] = {
    "load": load,
    "ask": ask,
}

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
