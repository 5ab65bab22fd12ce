"""
What is run inside a pod, by the Python of the service's own image.

Owns: asking a service over HTTP, until it is there or all the time.
Must not know: Kubernetes, kubectl, what the answers are for.
Runs in: a pod. It is sent there as text and never installed, so it imports nothing but
    the standard library.

    load HOST PORT CLIENTS             ask all the time; one line of JSON each second
    ask HOST PORT PATH                 ask once; print the answer's text
    until-served SECONDS HOST PORT ADMIN_PORT MESSAGE
    until-rejected SECONDS HOST ADMIN_PORT
                                       ask until all workers are there; lines of JSON
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
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

TIMEOUT_SECONDS = 10
PAUSE_SECONDS = 0.02
# Longer: when something happened is measured, and not found out by asking often.
LOOK_SECONDS = 0.1
HEARTBEAT_SECONDS = 5
# A pod that ends refuses connections; what is asked there is asked of no other.
REFUSALS_MAX = 10
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


class NotYetError(Exception):
    """The service is not there; the message says how far it is."""


class Patience:
    """How long to go on asking, and saying so meanwhile."""

    def __init__(self, seconds: str) -> None:
        self.deadline = time.monotonic() + float(seconds)
        self.next_heartbeat = time.monotonic()
        self.refusals = 0

    def is_over(self, reason: str) -> bool:
        """Wait a moment; return whether it is time to give up, and why."""
        now = time.monotonic()
        if now > self.deadline or self.refusals > REFUSALS_MAX:
            emit(event="gave up", reason=reason)
            return True
        if now > self.next_heartbeat:
            self.next_heartbeat = now + HEARTBEAT_SECONDS
            # So that nothing on the way takes the connection for dead.
            emit(event="waiting", reason=reason)
        time.sleep(LOOK_SECONDS)
        return False


def converged(host: str, admin_port: str) -> Any:
    """
    Return the status of a service all of whose workers hold its newest version.

    Raises:
        NotYetError: a worker is behind or still starting, or nothing is known yet.
    """
    code, _, text = get(host, int(admin_port), "/status")
    if code != 200:
        raise NotYetError(f"/status answers {code}")
    status = json.loads(text)
    workers = status["workers"]
    late = [each["pid"] for each in workers if each["is_behind"] or not each["version"]]
    if late or not status["converged"]:
        raise NotYetError(f"of {len(workers)} workers these are not there: {late}")
    return status


def served(host: str, port: str, admin_port: str, message: str) -> Any:
    """Return the status in which the service answers with `message`, by any worker."""
    _, headers, text = get(host, int(port), "/")
    if text != message:
        raise NotYetError(f"it answers {text}")
    status = converged(host, admin_port)
    if status["digest"] != headers["Config-Digest"]:
        raise NotYetError("it has taken another config since")
    return status


def rejected(host: str, admin_port: str) -> Any:
    """Return the status in which the service names a rejected candidate."""
    status = converged(host, admin_port)
    if not status["rejected"]:
        raise NotYetError("it has rejected nothing")
    return status


def until(goal: Callable[..., Any], seconds: str, *arguments: str) -> int:
    """Ask until `goal` returns a status; print it, and how long ago its flip was."""
    patience = Patience(seconds)
    while True:
        try:
            status = goal(*arguments)
            break
        except NotYetError as error:
            reason, patience.refusals = str(error), 0
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason, patience.refusals = repr(error), patience.refusals + 1
        if patience.is_over(reason):
            return 1
    emit(event="there", status=status, changed_before=age(status))
    return 0


def age(status: Any) -> float | None:
    """Return how many seconds ago the source changed, by the clock of this pod."""
    text = status["changed_at"]
    return time.time() - datetime.fromisoformat(text).timestamp() if text else None


COMMANDS: dict[str, Callable[..., int]] = {
    "load": load,
    "ask": ask,
    "until-served": partial(until, served),
    "until-rejected": partial(until, rejected),
}

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
