"""kube/in_pod.py against a service that answers as told."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler
from itertools import chain, repeat
from socketserver import ThreadingTCPServer
from typing import Any

import in_pod
import pytest


class Service:
    """A service of one worker; the last answer at each path is given for ever."""

    def __init__(self, **answers: list[str]) -> None:
        """Listen; `answers` are the texts at `/` (as `root`) and at `/status`."""
        lock = threading.Lock()
        texts = {
            "/" if name == "root" else f"/{name}": chain(said, repeat(said[-1]))
            for name, said in answers.items()
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    text = next(texts[self.path])
                self.send_response(200)
                self.send_header("Config-Digest", "new")
                self.end_headers()
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
def closing() -> Iterator[list[Service]]:
    """A list of what is closed after the test."""
    services: list[Service] = []
    yield services
    for service in services:
        service.close()


def _status(told: str, held: str, seconds_ago: float, rejected: str | None) -> str:
    then = datetime.fromtimestamp(time.time() - seconds_ago, timezone.utc).isoformat()
    return json.dumps(
        {
            "digest": told,
            "version": 2,
            "since": then,
            "changed_at": then,
            "rejected": rejected,
            "publisher": {"state": "running"},
            "worker": {"pid": os.getpid(), "digest": held},
        }
    )


@pytest.mark.parametrize(("told", "held"), [("old", "new"), ("new", "old")])
def test_worker_is_there_when_it_and_the_publisher_say_so(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    closing: list[Service],
    told: str,
    held: str,
) -> None:
    """Neither the worker's digest alone counts, nor what the publisher tells alone."""
    monkeypatch.setattr(in_pod, "workers_beside", lambda pid: {pid})
    before, after = _status(told, held, 600, "bad"), _status("new", "new", 0, None)
    service = Service(root=["old", "new"], status=[before] * 20 + [after])
    closing.append(service)
    place = ("127.0.0.1", service.port, service.port)
    assert in_pod.until_served(*place, "new", "20") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (end,) = (event for event in events if event["event"] == "there")
    assert end["flipped_before"] < 300
    assert end["rejected"] is None
    assert end["digests"] == ["new"]
