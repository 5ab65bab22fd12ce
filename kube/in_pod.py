"""
What is run inside a pod, by the Python of the service's own image.

Owns: asking a service over HTTP, telling its workers apart, asking it all the time.
Must not know: Kubernetes, kubectl, what the answers are for.
Runs in: a pod. It is sent there as text and never installed, so it imports nothing but
    the standard library.

    load HOST PORT CLIENTS             ask all the time; one line of JSON each second
    ask HOST PORT PATH                 ask once; print the answer's text
    until-served HOST PORT ADMIN_PORT MESSAGE SECONDS
    until-rejected HOST ADMIN_PORT SECONDS
                                       ask until each worker is there; lines of JSON

Why each worker is asked until it was seen: a connection is taken by whichever worker is
free, and each `/status` says which one that was.
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
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NoReturn

TIMEOUT_SECONDS = 10
PAUSE_SECONDS = 0.02
HEARTBEAT_SECONDS = 5
# A pod that ends refuses connections; what is asked there is asked of no other.
REFUSALS_MAX = 50
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

    def tell(self) -> None:
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
        everyone.tell()


def ask(host: str, port: str, path: str) -> int:
    """Print the text of one answer."""
    status, _, text = get(host, int(port), path)
    print(text, flush=True)
    return 0 if status == 200 else 1


class Patience:
    """How long to go on asking, and saying so meanwhile."""

    def __init__(self, seconds: str) -> None:
        self.deadline = time.monotonic() + float(seconds)
        self.next_heartbeat = time.monotonic()
        self.refusals = 0

    def is_over(self, reason: str) -> bool:
        """Wait a moment; tell whether it is time to give up, and why."""
        now = time.monotonic()
        if now > self.deadline or self.refusals > REFUSALS_MAX:
            emit(event="gave up", reason=reason)
            return True
        if now > self.next_heartbeat:
            self.next_heartbeat = now + HEARTBEAT_SECONDS
            # So that nothing on the way takes the connection for dead.
            emit(event="waiting", reason=reason)
        time.sleep(PAUSE_SECONDS)
        return False


def parent_of(pid: int) -> int:
    """Return the parent of a process."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def command_of(pid: int) -> str:
    """Return the command line of a process, which gunicorn sets to say what it is."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().decode(errors="replace")


def workers_beside(pid: int) -> set[int]:
    """Return the workers that are alive and have the same master as worker `pid`."""
    found: set[int] = set()
    try:
        master = parent_of(pid)
    except (OSError, ValueError):
        return found
    for name in os.listdir("/proc"):
        if name.isdigit():
            child = int(name)
            try:
                is_sibling = parent_of(child) == master
                if is_sibling and command_of(child).startswith("gunicorn: worker"):
                    found.add(child)
            except (OSError, ValueError):
                continue
    return found


class Workers:
    """The workers of one service, by what each says of itself."""

    def __init__(self, host: str, admin_port: str) -> None:
        self.place = host, int(admin_port)
        self.statuses: dict[int, Any] = {}

    def ask(self, pool: ThreadPoolExecutor, count: int) -> None:
        """Ask `count` times at once, so that not the same worker is woken each time."""
        for status in pool.map(lambda _: get(*self.place, "/status"), range(count)):
            said = json.loads(status[2])
            self.statuses[said["worker"]["pid"]] = said

    def alive(self) -> set[int]:
        """Return the pids of all workers, of those not heard of as well."""
        for pid in list(self.statuses):
            if alive := workers_beside(pid):
                return alive
        return set()


def age(text: str) -> float:
    """Return how many seconds ago a time of `/status` was."""
    return time.time() - datetime.fromisoformat(text).timestamp()


def until_each_worker(
    host: str, admin_port: str, is_there: Callable[[Any], Any], patience: Patience
) -> int:
    """Ask until every worker that is alive says what `is_there` looks for."""
    workers = Workers(host, admin_port)
    there: set[int] = set()
    with ThreadPoolExecutor(8) as pool:
        while True:
            try:
                workers.ask(pool, 8)
                patience.refusals = 0
            except (OSError, http.client.HTTPException, ValueError):
                patience.refusals += 1
            alive = workers.alive()
            for pid, status in workers.statuses.items():
                if pid in alive and pid not in there and is_there(status):
                    there.add(pid)
                    after = age(status["changed_at"])
                    emit(event="worker", pid=pid, after=round(after, 4))
            if alive and alive <= there:
                tell_end({pid: workers.statuses[pid] for pid in alive})
                return 0
            if patience.is_over(f"{len(alive & there)} of {len(alive)} workers"):
                return 1


def tell_end(statuses: dict[int, Any]) -> None:
    """Print what the workers agree on."""
    newest = max(statuses.values(), key=lambda status: status["version"])
    changed, since = age(newest["changed_at"]), age(newest["since"])
    emit(
        event="there",
        workers=sorted(statuses),
        digests=sorted({status["worker"]["digest"] for status in statuses.values()}),
        version=newest["version"],
        rejected=newest["rejected"],
        publisher=newest["publisher"],
        flipped_before=round(changed, 4),
        published_after=round(changed - since, 4),
    )


def until_served(
    host: str, port: str, admin_port: str, message: str, seconds: str
) -> int:
    """Ask until the service answers with `message`, and then until each worker does."""
    patience = Patience(seconds)
    while True:
        try:
            _, headers, text = get(host, int(port), "/")
            patience.refusals = 0
            if text == message:
                break
        except (OSError, http.client.HTTPException) as error:
            patience.refusals += 1
            text = repr(error)
        if patience.is_over(f"it answers {text}"):
            return 1
    digest = headers["Config-Digest"]

    def is_there(status: Any) -> bool:
        # A worker has a config a moment before the publisher tells of it. Until then
        # the times are those of the config before, and so is what was rejected.
        return digest == status["worker"]["digest"] == status["digest"]

    return until_each_worker(host, admin_port, is_there, patience)


def until_rejected(host: str, admin_port: str, seconds: str) -> int:
    """Ask until each worker names a rejected candidate."""
    return until_each_worker(
        host, admin_port, lambda status: status["rejected"], Patience(seconds)
    )


COMMANDS: dict[str, Callable[..., int]] = {
    "load": load,
    "ask": ask,
    "until-served": until_served,
    "until-rejected": until_rejected,
}

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
