"""in_pod.py against a service that answers as told, and against a real one."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler
from itertools import chain, repeat
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any

import psutil
import pytest

from kube.tools import in_pod
from tests.support.server import Server
from tests.support.status import DIGEST, at, status_document, worker
from tests.support.volume import ConfigMapVolume

Documents = list[dict[str, Any]]
Ask = Callable[..., tuple[int, dict[str, Any]]]


class Service:
    """A service whose last status is given for ever."""

    def __init__(self, documents: Documents) -> None:
        """Listen; `documents` are its answers at `/status`, {} for none."""
        lock = threading.Lock()
        answers = chain(documents, repeat(documents[-1]))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    document = next(answers) if self.path == "/status" else None
                self.send_response(503 if document == {} else 200)
                self.send_header("Config-Digest", DIGEST)
                self.end_headers()
                text = "new" if document is None else json.dumps(document)
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port = str(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is called in it is called after the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """A function that asks until a goal, and returns the status and the last line."""

    def ask(goal: Callable[..., Any], *arguments: str) -> tuple[int, dict[str, Any]]:
        status = in_pod.until(goal, *arguments)
        last = json.loads(capsys.readouterr().out.splitlines()[-1])
        return status, last

    return ask


@pytest.mark.parametrize(
    "before",
    [
        {},
        status_document(converged=False),
        status_document(workers=[worker(21), worker(22, is_behind=True)]),
        status_document(workers=[worker(21), worker(22, version=None)]),
        status_document(digest="another"),
    ],
    ids=["no status", "not told", "behind", "starting", "another config"],
)
def test_config_is_served_when_all_of_a_status_says_so(
    ask: Ask, stack: ExitStack, before: dict[str, Any]
) -> None:
    """No part of a status counts alone, and none of the times before it is told."""
    after = status_document(changed_at=datetime.now(timezone.utc).isoformat())
    service = Service([before, before, after])
    stack.callback(service.close)
    place = ("127.0.0.1", service.port)
    status, last = ask(in_pod.served, "20", *place, service.port, "new")
    assert (status, last["event"], last["status"]) == (0, "there", after)
    assert 0 <= last["changed_before"] < 20


def test_rejection_is_waited_for(ask: Ask, stack: ExitStack) -> None:
    """It is there when the service names it, also where no flip was ever seen."""
    after = status_document(rejected={"tries": 1}, changed_at=None)
    service = Service([status_document(), after])
    stack.callback(service.close)
    status, last = ask(in_pod.rejected, "20", "127.0.0.1", service.port)
    assert (status, last["status"]) == (0, after)
    assert last["changed_before"] is None


def test_what_is_missing_is_told(ask: Ask, stack: ExitStack) -> None:
    """Whoever gives up says what the service answers, not only that it is late."""
    service = Service([status_document(changed_at=at(0))])
    stack.callback(service.close)
    place = ("127.0.0.1", service.port)
    assert ask(in_pod.served, "0", *place, service.port, "newer") == (
        1,
        {"event": "gave up", "reason": "it answers new"},
    )


def test_worker_that_nobody_asks_counts(
    ask: Ask, stack: ExitStack, tmp_path: Path
) -> None:
    """A real worker that is stopped is named; the wait is over when it goes on."""
    volume = ConfigMapVolume(tmp_path / "volume", {"config.yaml": "message: one\n"})
    server = Server(volume.path("config.yaml"), tmp_path)
    stack.callback(server.stop)
    server.wait_until_ready()
    goal = ("127.0.0.1", str(server.port), str(server.admin_port), "two")
    stopped = psutil.Process(min(server.status_of_each_worker()))
    stopped.send_signal(signal.SIGSTOP)
    volume.flip({"config.yaml": "message: two\n"})
    status, last = ask(in_pod.served, "1", *goal)
    assert (status, last["event"]) == (1, "gave up")
    assert last["reason"] == f"of 2 workers these are not there: [{stopped.pid}]"
    stopped.send_signal(signal.SIGCONT)
    status, last = ask(in_pod.served, "20", *goal)
    workers = last["status"]["workers"]
    assert (status, {each["pid"] for each in workers}) == (0, server.worker_pids)
